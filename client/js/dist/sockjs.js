var sojourn_sockjs=(()=>{var guest=({hello:o,frames:n,signal:a},s)=>{let e,t,l=()=>{let r=o();e=JSON.parse(r.slice(1)),t??=e.tries||0,s(r)};return{greet:l,heard:r=>{a.aborted||(r?n(r):l())},send:r=>{let c=/(?:^|\n)A(.*)/.exec(r)?.[1]||"";s(`K${e.key},${c},${t}${e.auth?"|"+JSON.stringify(e.auth):""}
${r}`),t=0}}},sockjs=(o,n)=>({name:"sockjs",open(a){let s=new o(a.url+"/sockjs",null,n),e=guest(a,t=>s.send(t));return s.onopen=e.greet,s.onmessage=t=>e.heard(t.data),s.onclose=a.closed,a.signal.onabort=()=>s.close(),e}});return sockjs})();
export{sojourn_sockjs as sockjs}
