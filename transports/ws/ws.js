// @ts-check

/**
 * Frames over a WebSocket, both ways.
 *
 * @type {import('../../client/js/src/transport.js').Transport}
 */
export const ws = {
  name: 'ws',
  open({ url, hello, frames, closed, WebSocket }) {
    const socket = new /** @type {typeof globalThis.WebSocket} */ (WebSocket)(url.replace(/^http/, 'ws') + '/ws')
    socket.onopen = () => socket.send(hello())
    socket.onmessage = e => frames(e.data)
    socket.onclose = closed // follows every error
    return {
      send: lines => socket.send(lines),
      close: () => socket.close()
    }
  }
}
