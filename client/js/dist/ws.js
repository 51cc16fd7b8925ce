var sojourn_ws={name:"ws",open({url:n,options:s,hello:t,frames:r,closed:a,signal:c}){let e=new(s.WebSocket||WebSocket)(n.replace(/^http/,"ws")+"/ws");return e.onopen=()=>e.send(t()),e.onmessage=o=>r(o.data),e.onclose=e.onerror=a,c.onabort=()=>e.close(),{send:o=>e.send(o)}}};
export{sojourn_ws as ws}
