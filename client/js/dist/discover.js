var sojourn_discover=(()=>{var discover=e=>e.service("sojourn").describe();return discover})();
export{sojourn_discover as discover}
