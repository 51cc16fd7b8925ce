// @ts-check

/**
 * Frames down by an event stream. It is a POST, read with fetch: an EventSource could tell its credential only in the URL.
 *
 * @type {import('../../client/js/src/transport.js').Transport}
 */
export const sse = {
  name: 'sse',
  async open({ hello, frames, post }) {
    const response = await post('sse', hello())
    if (!response.ok) return frames(await response.text())
    let rest = '' // a chunk may end anywhere
    const lines = new WritableStream({
      write(chunk) {
        const lines = (rest + chunk).split(/\r?\n|\r/)
        rest = lines.pop() || ''
        // The data of an event is one frame and one line. So each line of data is a frame.
        frames(lines.map(line => /^data: ?([^]*)/.exec(line)?.[1]).join('\n'))
      }
    })
    return /** @type {ReadableStream} */ (response.body).pipeThrough(new TextDecoderStream()).pipeTo(lines)
  }
}
