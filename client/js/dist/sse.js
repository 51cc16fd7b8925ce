var sojourn_sse={name:"sse",async open({hello:n,frames:t,post:s}){let e=await s("sse",n());if(!e.ok)return t(await e.text());let r="",i=new WritableStream({write(p){let a=(r+p).split(/\r?\n|\r/);r=a.pop()||"",t(a.map(o=>/^data: ?([^]*)/.exec(o)?.[1]).join(`
`))}});return e.body.pipeThrough(new TextDecoderStream).pipeTo(i)}};
export{sojourn_sse as sse}
