var sojourn_mock=(()=>{var mock=({name:l="mock",up:n=!0,opened:r}={})=>{let c=[];return{name:l,connections:c,open(o){let e={up:[o.hello()],closed:!1,down:(...s)=>o.frames(s.join(`
`)),cut:()=>o.closed(),poll:()=>o.hello()};return o.signal.onabort=()=>{e.closed=!0},c.push(e),r?.(e),n?{send:s=>{e.up.push(...s.split(`
`))}}:new Promise(()=>{})}}};return mock})();
export{sojourn_mock as mock}
