// @ts-check

/**
 * A transport to learn from: frames come down as a JSON array, each time that the client asks.
 *
 * @type {import('../src/transport.js').Transport}
 */
export const toy = {
  name: 'toy',
  async open(link) {
    for (;;) {
      const response = await link.post('toy', link.hello())
      if (!response.ok) return link.frames(await response.text()) // the reason, as a line
      const lines = await response.json() // what is not JSON ends it, too
      link.frames(lines.join('\n'))
      if (lines[0]?.[0] !== 'h') return
    }
  }
}
