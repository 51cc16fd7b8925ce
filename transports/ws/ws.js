// @ts-check

/**
 * Frames over a WebSocket, both ways.
 *
 * @type {import('../../client/js/src/transport.js').Transport}
 */
export const ws = {
  name: 'ws',
  open({ url, options, hello, frames, closed, signal }) {
    const socket = new (options.WebSocket || WebSocket)(url.replace(/^http/, 'ws') + '/ws')
    socket.onopen = () => socket.send(hello())
    socket.onmessage = e => frames(e.data)
    socket.onclose = socket.onerror = closed // in Node a connection that is refused has no close
    signal.onabort = () => socket.close()
    return { send: lines => socket.send(lines) }
  }
}
