// @ts-check
import { base64, failure, offsetOf } from './frames.js'
import { postChars, window } from './limits.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Message} Message */

/** Begins as a new socket. @param {Client} c */
export const reset = c => {
  // As base64url may have it, of letters and digits: 22 of them are 131 random bits.
  c.secret = base64(crypto.getRandomValues(new Uint8Array(36))).replace(/\W/g, '').slice(0, 22)
  c.attached = c.acked = c.last = c.markN = c.markAt = c.unsaid = c.misses = 0
  c.place = ''
  c.met = false
}

/**
 * Adds a message.
 *
 * @param {Client} c
 * @param {string} letter
 * @param {string} rest
 * @param {(value?: any) => void} [yes]
 * @param {(error: Error) => void} [no]
 */
export const add = (c, letter, rest, yes = () => {}, no = () => {}) => {
  /** @type {Message} */
  const m = { letter, rest, yes, no, nr: NaN, repeats: 0 }
  c.pending.push(m)
  return m
}

/**
 * Takes a message back; false: it was sent already, and it can only be forgotten what for.
 *
 * @param {Client} c
 * @param {Message} m
 */
export const drop = (c, m) => {
  m.dropped = true
  c.pending = c.pending.filter(other => other !== m || m.nr)
  return !m.nr
}

/**
 * The lines of messages that a wire has not carried yet, as many as may be on their way. What was never sent gets its number.
 *
 * @param {Client} c
 * @param {{sent: number}} wire
 * @param {number} [chars]
 */
export const linesFor = (c, wire, chars = postChars) => {
  const lines = []
  for (const m of c.pending) {
    if (m.nr <= Math.max(wire.sent, c.acked)) continue
    chars -= m.rest.length
    if ((m.nr || c.last + 1) > c.acked + window || (chars < 0 && lines.length)) break
    wire.sent = m.nr ||= ++c.last
    lines.push(m.letter + m.nr + m.rest)
  }
  return lines
}

/** The first message that is not known to have taken effect. @param {Client} c */
export const first = c => c.pending.find(m => !(m.nr <= c.acked))

/** Settles messages up to number n that have no answer: they succeeded. @param {Client} c @param {number} n */
const settle = (c, n) => {
  while (c.pending[0]?.nr <= n) {
    const m = /** @type {Message} */ (c.pending.shift())
    m.blurred ? m.no(failure('gone')) : m.yes()
  }
}

/** Settles what the place in the own stream allows. To be called when it has moved, and the entry was dealt with. @param {Client} c */
export const advance = c => {
  if (offsetOf(c.place) >= c.markAt) settle(c, c.markN)
}

/**
 * Messages up to n took effect, and their answers are in the own stream at or before an offset.
 *
 * @param {Client} c
 * @param {number} n
 * @param {number} at
 */
export const took = (c, n, at) => {
  c.acked = Math.max(c.acked, n)
  if (n > c.markN) {
    c.markN = n
    c.markAt = at
  }
  advance(c)
}

/**
 * Message n has its answer. Those before it have had theirs, or have none.
 *
 * @param {Client} c
 * @param {number} n
 * @returns {Message | undefined}
 */
export const answered = (c, n) => {
  c.acked = Math.max(c.acked, n)
  settle(c, n - 1)
  return c.pending[0]?.nr === n ? c.pending.shift() : undefined
}

/** Entries of the own stream up to a cursor are lost, and answers may be among them. @param {Client} c @param {string} place */
export const lost = (c, place) => {
  c.place = place
  for (const m of c.pending) m.blurred = m.nr > 0
}

/**
 * Messages up to n were sent, and the connection broke without an answer. It counts once for each time that something was
 * heard: a message that cannot be delivered because there is no network must not be taken for one that kills instances.
 *
 * @param {Client} c
 * @param {number} n
 */
export const broke = (c, n) => {
  const m = first(c)
  if (m && m.nr <= n && c.alive) {
    m.repeats++
    c.alive = false
  }
}

/**
 * Goes on as a new socket. Of the old one messages up to n took effect, but their answers are gone. If n is not known, nobody can tell
 * of messages that were sent. Calls that never took effect are kept; subscriptions and answers to questions were the old socket's.
 *
 * @param {Client} c
 * @param {string} [n] may be empty
 */
export const renew = (c, n) => {
  const { pending, acked, last } = c
  c.pending = []
  reset(c)
  for (const m of pending) {
    if (m.letter !== 'C' || m.dropped) continue
    if (m.nr <= +(n || last)) m.no(failure(m.nr <= +(n || acked) ? 'gone' : 'unknown'))
    else add(c, 'C', m.rest, m.yes, m.no)
  }
}
