// @ts-check

/**
 * Reads an event stream, cut anywhere. A frame is the data of one event, and one line of it; so a line is a frame.
 *
 * @param {(lines: string) => void} frames
 * @returns {(text: string) => void}
 */
export const reader = frames => {
  let rest = ''
  return text => {
    const lines = (rest + text).split(/\r\n|\n|\r/)
    rest = lines.pop() || ''
    const data = lines.filter(line => line.startsWith('data:')).map(line => line.slice(5).trimStart())
    if (data.length) frames(data.join('\n'))
  }
}

/**
 * Frames down by an event stream. It is a POST, read with fetch: an EventSource could tell its credential only in the URL.
 *
 * @type {import('../../client/js/src/transport.js').Transport}
 */
export const sse = {
  name: 'sse',
  open({ hello, frames, closed, post }) {
    const abort = new AbortController()
    const run = async () => {
      const response = await post('sse', hello(), abort.signal)
      if (!response.ok || !response.body) return frames(await response.text())
      const read = reader(frames)
      const decoder = new TextDecoder()
      const body = response.body.getReader()
      for (;;) {
        const { done, value } = await body.read()
        if (done) return
        read(decoder.decode(value, { stream: true }))
      }
    }
    run().catch(() => {}).then(closed)
    return { close: () => abort.abort() }
  }
}
