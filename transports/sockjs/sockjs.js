// @ts-check
import { guest } from '../../client/js/src/guest.js'

// What waits the library sends in one request, however much that is, and an instance takes 2 MiB. So the library is given only so many characters before they
// have been answered; each may be six bytes.
const most = 250_000

/** The largest number that a pattern finds in lines, 0 if none. @param {RegExp} pattern @param {string} lines */
const largest = (pattern, lines) => Math.max(0, ...[...lines.matchAll(pattern)].map(found => +found[1]))

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
    /** @type {string[]} */
    const waiting = []
    /** @type {{last: number, chars: number}[]} */
    let given = [] // not answered yet
    const give = () => {
      while (waiting[0] && given.reduce((sum, { chars }) => sum + chars, 0) < most) {
        const text = /** @type {string} */ (waiting.shift())
        given.push({ last: largest(/(?:^|\n)[CRXSUB](\d+)/g, text), chars: text.length })
        socket.send(text)
      }
    }
    const talk = guest(link, text => {
      waiting.push(text)
      give()
    })
    socket.onopen = talk.greet
    socket.onmessage = e => {
      const done = largest(/(?:^|\n)(?:a|[rx][^,]*,)(\d+)/g, e.data)
      given = /(?:^|\n)g/.test(e.data) ? [] : given.filter(({ last }) => last > done) // after a gap they are said again
      talk.heard(e.data)
      give()
    }
    socket.onclose = link.closed
    link.signal.onabort = () => socket.close()
    return talk
  }
})
