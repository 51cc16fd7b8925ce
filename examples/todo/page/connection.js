// @ts-check
// How we are connected, as the page says it.

import { $ } from './dom.js'

const offline = 'offline: what you change is kept, and sent later'
/** @type {Record<string, string>} */
const words = { connecting: 'connecting', open: 'connected', ready: 'connected', reconnected: 'connected', close: 'ended' }

/** @param {import('../types').Rt} rt */
export const showConnection = rt => {
  const show = () => {
    const over = rt.status === 'close'
    const word = navigator.onLine || over ? words[rt.status] || offline : offline
    document.body.dataset.link = over ? 'down' : word === 'connected' ? 'up' : 'wait'
    $('#status').textContent = word
    $('#status').title = rt.transport || ''
  }
  rt.on('status', show)
  addEventListener('offline', show) // the client notices only when nothing has come for a while
  addEventListener('online', show)
}
