// @ts-check

/**
 * Frames down by polls: each is answered completely, when there is something to say.
 *
 * @type {import('../../client/js/src/transport.js').Transport}
 */
export const longpoll = {
  name: 'longpoll',
  async open({ hello, frames, post }) {
    for (;;) {
      const response = await post('lp', hello())
      const text = await response.text()
      frames(text)
      if (!response.ok || text[0] !== 'h') return // not an instance: a page to sign in to a network, perhaps
    }
  }
}
