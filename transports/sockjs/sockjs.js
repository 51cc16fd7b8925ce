// @ts-check
import { guest } from '../../client/js/src/guest.js'

/**
 * Frames over SockJS, by its own client.
 *
 * @param {new (url: string, reserved?: any, options?: any) => import('../../client/js/types/sockjs.js').SockJSSocket} SockJS
 * @param {object} [options] for it
 * @returns {import('../../client/js/src/transport.js').Transport}
 */
export const sockjs = (SockJS, options) => ({
  name: 'sockjs',
  open(link) {
    const socket = new SockJS(link.url + '/sockjs', null, options)
    const talk = guest(link, text => socket.send(text))
    socket.onopen = talk.greet
    socket.onmessage = e => talk.heard(e.data)
    socket.onclose = link.closed
    link.signal.onabort = () => socket.close()
    return talk
  }
})
