var sojourn_longpoll={name:"longpoll",async open({hello:o,frames:t,post:a}){for(;;){let e=await a("lp",o()),l=await e.text();if(t(l),!e.ok||l[0]!=="h")return}}};
export{sojourn_longpoll as longpoll}
