// @ts-check
/** @typedef {import('./transport.js').Link} Link */

/**
 * A conversation over a session of a protocol that was made elsewhere. Its messages are text, and may come and go by requests of their own: so what goes up
 * says whose it is, and an empty message asks for a new hello, since what answered the last one has ended.
 *
 * @param {Link} link
 * @param {(text: string) => void} say sends a message
 */
export const guest = ({ hello, frames, signal }, say) => {
  /** @type {any} */
  let said // the last hello
  /** @type {number} */
  let tries // of the first message, once: those of later hellos are of messages that were sent here
  const greet = () => {
    const line = hello()
    said = JSON.parse(line.slice(1))
    tries ??= said.tries || 0
    say(line)
  }
  return {
    greet,
    /** @param {string} [text] */
    heard: text => {
      if (!signal.aborted) text ? frames(text) : greet() // libraries that are closing may go on for a while
    },
    /** @param {string} lines */
    send: lines => {
      const place = /(?:^|\n)A(.*)/.exec(lines)?.[1] || '' // not ^ alone: to JavaScript U+2028 ends a line
      say(`K${said.key},${place},${tries}${said.auth ? '|' + JSON.stringify(said.auth) : ''}\n${lines}`)
      tries = 0
    }
  }
}
