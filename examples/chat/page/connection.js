// @ts-check
// The state of the connection, and the switch that changes its transport.

import { $ } from './line.js'
import { chosen, offered } from './transports.js'

/** @type {{ [transport: string]: string }} */
const labels = { ws: 'WebSocket', sse: 'SSE', longpoll: 'long-polling', engineio: 'Engine.IO', sockjs: 'SockJS' }
/** @type {{ [status: string]: string }} */
const words = { reconnect_failed: 'no connection', close: 'closed' }
const every = 500 // ms: a change of transport, or of the network, is no change of status, so we look

/** @param {import('../types').Rt} rt */
export const showConnection = rt => {
  const buttons = [...$('#transports').children]

  const show = () => {
    const up = /open|ready|reconnected/.test(rt.status) && rt.transport && navigator.onLine // the client notices only when nothing has come for a while
    const now = up ? labels[rt.transport] || rt.transport : words[rt.status] || (navigator.onLine ? rt.status + '…' : 'offline')
    document.body.dataset.link = up ? 'up' : /failed|close/.test(rt.status) ? 'down' : 'wait'
    if ($('#status').textContent !== now) $('#status').textContent = now // it is read out when it changes
    $('#connection').textContent = up ? 'Connected by ' + now + '.' : now
    for (const button of buttons) button.ariaPressed = String(button.value === rt.transport)
  }

  rt.on('status', show)
  setInterval(show, every)
  for (const button of buttons) {
    const name = button.value
    button.hidden = !offered.includes(name)
    button.onclick = () => {
      if (chosen.includes(name)) rt.use(name)
      else location.search = '?transport=' + name // which loads the page with what it takes
    }
  }
}
