// @ts-check
import { failure, offsetOf } from './frames.js'

/**
 * A numbered message, from when the program asked for it until it is settled.
 *
 * @typedef Message
 * @property {string} kind
 * @property {string} body what follows the number
 * @property {number} n its number, from its first transmission on; NaN before, which is neither below nor above any number
 * @property {number} tries connections that it was sent on and that broke without an answer
 * @property {boolean} [lost] its answer may be among entries that were lost
 * @property {boolean} [dropped] nobody waits for its answer any more
 * @property {(value?: any) => void} ok
 * @property {(error: Error) => void} no
 */

const none = () => {}

// What one POST may carry. Text has at most three bytes for each of its characters, so this is below the 1 MiB that an instance takes.
const maxLines = 256
const maxChars = 300_000

/** A key: 128 random bits, base64url. */
const newKey = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
  .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')

/**
 * The client's side of one socket: what was said, what was heard, and what is settled. It outlives connections, and when the
 * socket is gone it goes on as another one (renew). It does no I/O.
 */
export const conversation = () => {
  /** @type {Message[]} those with a number first, in order; then those that were never sent */
  let pending = []
  /** @type {[number, number][]} messages up to [0] are settled when the own stream is read up to offset [1] */
  let marks = []
  let key = newKey()
  let attach = 0 // number of the last hello
  let met = false // the socket had a hello answered
  let cursor = '' // in the own stream; empty: before its first entry
  let offset = 0
  let acked = 0 // the last message known to have taken effect
  let last = 0 // the last number given

  /** Settles messages up to n that have no answer: they succeeded. @param {number} n */
  const settle = n => {
    while (pending[0]?.n <= n) {
      const m = /** @type {Message} */ (pending.shift())
      m.lost ? m.no(failure('gone')) : m.ok()
    }
  }

  /** Settles what the own stream's offset allows. */
  const advance = () => {
    let upTo = 0
    marks = marks.filter(([n, at]) => {
      if (at > offset) return true
      upTo = Math.max(upTo, n)
    })
    settle(upTo)
  }

  /** The first message that is not known to have taken effect. */
  const first = () => pending.find(m => !(m.n <= acked))

  return {
    get key() { return key },
    get attach() { return attach },
    get met() { return met },
    get cursor() { return cursor },
    get offset() { return offset },
    get acked() { return acked },
    get last() { return last },
    get tries() { return first()?.tries || 0 },

    /** Tells whether a message with a number up to n is not settled. @param {number} n */
    owes: n => pending[0]?.n <= n,

    /**
     * Makes the next hello.
     *
     * @param {object} more
     */
    hello: more => 'H' + JSON.stringify({
      v: 1,
      key,
      c: ++attach,
      cur: met ? cursor || '0.' : undefined,
      in: acked || undefined,
      tries: first()?.tries || undefined,
      ...more
    }),

    /** A hello was answered. */
    meet() { met = true },

    /**
     * Adds a message.
     *
     * @param {string} kind
     * @param {string} body
     * @param {(value?: any) => void} [ok]
     * @param {(error: Error) => void} [no]
     * @returns {Message}
     */
    push(kind, body, ok = none, no = none) {
      const m = { kind, body, ok, no, n: NaN, tries: 0 }
      pending.push(m)
      return m
    },

    /** Takes a message back. If it was sent it can only be forgotten what for. @param {Message} m */
    drop(m) {
      m.dropped = true
      if (!m.n) pending = pending.filter(other => other !== m)
      return !m.n
    },

    /**
     * The lines of messages after number from, at most as many as one POST may carry. What was never sent gets its number.
     *
     * @param {number} from
     * @param {number} [max] lines
     * @param {number} [chars]
     */
    lines(from, max = maxLines, chars = maxChars) {
      const lines = []
      for (const m of pending) {
        if (m.n <= Math.max(from, acked)) continue
        chars -= m.body.length + 20
        if (max-- <= 0 || (chars < 0 && lines.length)) break
        lines.push(m.kind + (m.n ||= ++last) + m.body)
      }
      return lines
    },

    /** Messages up to n took effect; their answers are at or before offset at. @param {number} n @param {number} at */
    took(n, at) {
      acked = Math.max(acked, n)
      marks.push([n, at])
      advance()
    },

    /** Message n has its answer. Those before it have had theirs, or have none. @param {number} n @param {(m: Message) => void} give */
    answer(n, give) {
      acked = Math.max(acked, n)
      settle(n - 1)
      if (pending[0]?.n === n) give(/** @type {Message} */ (pending.shift()))
    },

    /**
     * Takes the cursor of a frame of the own stream. Returns false if the frame is a repeat. A volatile frame has none.
     * When the frame was dealt with, advance is to be called.
     *
     * @param {string} at
     */
    moved(at) {
      if (!at) return true
      if (offsetOf(at) <= offset) return false
      cursor = at
      offset = offsetOf(at)
      return true
    },

    advance,

    /** Entries of the own stream up to a cursor are lost, and answers may be among them. @param {string} at */
    lost(at) {
      cursor = at
      offset = offsetOf(at)
      for (const m of pending) m.lost = !!m.n
      advance()
    },

    /** A connection on which messages up to n were sent broke without an answer. @param {number} n */
    broke(n) {
      const m = first()
      if (m && m.n <= n) m.tries++
    },

    /**
     * Goes on as a new socket. Of the old one messages up to n took effect, but their answers are gone. If n is not known, nobody can tell
     * of messages that were sent. Calls that never took effect are kept; subscriptions and answers to questions were the old socket's.
     *
     * @param {number} [n]
     */
    renew(n = NaN) {
      const old = pending
      const known = Math.max(n, acked) || acked
      pending = []
      for (const m of old) {
        if (m.kind !== 'C' || m.dropped) continue
        if (m.n && !(m.n > n)) m.no(failure(m.n <= known ? 'gone' : 'unknown'))
        else {
          m.n = NaN
          m.tries = 0
          pending.push(m)
        }
      }
      marks = []
      key = newKey()
      attach = offset = acked = last = 0
      cursor = ''
      met = false
    },

    /** Settles everything: nothing more will be heard. @param {Error} error */
    fail(error) {
      for (const m of pending) m.no(error)
      pending = []
    }
  }
}
