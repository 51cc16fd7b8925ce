// @ts-check
import { guest } from '../../client/js/src/guest.js'

/**
 * Frames over Engine.IO, by its own client.
 *
 * @param {new (uri: string, options?: any) => import('../../client/js/types/engineio.js').EngineIOSocket} Socket
 * @param {object} [options] for it
 * @returns {import('../../client/js/src/transport.js').Transport}
 */
export const engineio = (Socket, options) => ({
  name: 'engineio',
  open(link) {
    const { origin, pathname } = new URL(link.url)
    const socket = new Socket(origin, { path: pathname + '/engine.io/', withCredentials: link.options.credentials === 'include', ...options })
    const talk = guest(link, text => socket.send(text))
    socket.on('open', talk.greet)
    socket.on('message', talk.heard)
    socket.on('close', link.closed)
    link.signal.onabort = () => socket.close()
    return talk
  }
})
