// @ts-check
import { closing, failure, linesOf, parse } from './frames.js'

const postTimeout = 30_000 // ms: longer than a turn may take
const ackEntries = 64
const ackChars = 64 << 10
const ackAfter = 15_000 // ms
const window = 256 // messages on their way
const maxVolatile = 200 // that wait to be sent

/**
 * Sends what goes up: at once where the connection can carry it, else by POSTs, one at a time, each with all that accrued meanwhile.
 *
 * @param {object} o
 * @param {ReturnType<import('./conversation.js').conversation>} o.talk
 * @param {ReturnType<import('./connection.js').connector>} o.net
 * @param {(frame: string) => void} o.frame handles a frame of a response
 * @param {(n: number) => void} o.broke messages up to n were sent, and there was no answer
 * @param {() => void} o.flushed
 */
export const outbox = ({ talk, net, frame, broke, flushed }) => {
  /** @typedef {{id: number, body: string, ok: (v?: any) => void, no: (e: Error) => void}} Volatile */
  /** @type {Volatile[]} */
  let fresh = [] // not sent yet
  /** @type {Map<number, Volatile>} */
  const sent = new Map()
  let ids = 0

  let scheduled = false
  /** @type {AbortController | undefined} */
  let posting
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause
  let fails = 0

  // What of the own stream the instance does not know to have arrived.
  let entries = 0
  let chars = 0
  let due = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let ackTimer

  const said = () => {
    entries = chars = 0
    due = false
    clearTimeout(ackTimer)
    ackTimer = undefined
  }

  const say = () => {
    due = true
    schedule()
  }

  /** Once for all that happens in this tick. */
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    queueMicrotask(flush)
  }

  /** @param {Volatile[]} all */
  const forget = all => {
    for (const v of all) {
      sent.delete(v.id)
      v.no(failure('unavailable'))
    }
  }

  /** Takes the volatile messages that wait, as lines. */
  const takeFresh = () => {
    const all = fresh
    fresh = []
    for (const v of all) sent.set(v.id, v)
    return all
  }

  /** @param {Volatile} v */
  const lineOf = v => 'W' + v.id + v.body

  const flush = () => {
    scheduled = false
    const wire = net.live
    if (!wire?.connection) return
    const { send } = wire.connection
    if (send) {
      const out = takeFresh().map(lineOf)
      if (due) {
        out.unshift('A' + talk.cursor)
        said()
      }
      wire.sent = Math.max(wire.sent, talk.acked)
      // More answers than this, not acknowledged, and the instance would refuse: acknowledgements queue behind the messages.
      const lines = talk.lines(wire.sent, window - (wire.sent - talk.acked))
      wire.sent += lines.length
      out.push(...lines)
      if (out.length) send(out.join('\n'))
    } else if (!posting && !pause) {
      up(wire)
    }
    flushed()
  }

  /** The first line of a POST. */
  const credentials = () => `K${talk.key},${talk.cursor},${talk.tries}`

  /** @param {import('./connection.js').Wire} wire */
  const up = async wire => {
    const messages = talk.lines(0, window - fresh.length)
    if (!messages.length && !fresh.length && !due) return
    const first = credentials()
    const before = talk.acked
    const { key } = talk
    const volatile = takeFresh()
    wire.sent = before + messages.length
    said()
    const abort = posting = new AbortController()
    const timer = setTimeout(() => abort.abort(), postTimeout)
    let told = false
    let status = 500
    try {
      const response = await net.post('up', [first, ...messages, ...volatile.map(lineOf)].join('\n'), abort.signal)
      const text = await response.text()
      status = response.status
      for (const line of linesOf(text)) {
        if (key !== talk.key) break
        if (/^[agvy]/.test(line)) frame(line)
        if (line[0] !== 'z') continue
        told = true
        const { fields } = parse(line)
        if (closing(fields[0]).action !== 'resume') net.ended(net.live, fields)
      }
    } catch {} // no answer
    clearTimeout(timer)
    posting = undefined
    wire.sent = 0
    forget(volatile.filter(v => sent.has(v.id)))
    if (key !== talk.key) return schedule()
    if (status < 300 && !told && (talk.acked > before || !messages.length)) {
      fails = 0
      return schedule()
    }
    if (!told && status >= 500) broke(before + messages.length)
    due = true
    pause = setTimeout(resume, net.backoff(fails++))
  }

  const resume = () => {
    clearTimeout(pause)
    pause = undefined
    schedule()
  }

  return {
    schedule,
    resume,
    said,
    say,
    credentials,

    /** An entry of the own stream was dealt with. @param {number} size */
    heard(size) {
      chars += size
      if (++entries >= ackEntries || chars >= ackChars) say()
      else ackTimer ||= setTimeout(say, ackAfter)
    },

    /**
     * Sends a message without a number.
     *
     * @param {string} body
     * @param {(v?: any) => void} ok
     * @param {(e: Error) => void} no
     */
    pushVolatile(body, ok, no) {
      if (!net.live) throw failure('unavailable')
      if (fresh.length >= maxVolatile) throw failure('busy')
      const v = { id: ++ids, body, ok, no }
      fresh.push(v)
      schedule()
      return () => {
        fresh = fresh.filter(other => other !== v)
        sent.delete(v.id)
      }
    },

    /** A volatile message has its answer. @param {string} id @param {(v: Volatile) => void} give */
    answer(id, give) {
      const v = sent.get(+id)
      sent.delete(+id)
      if (v) give(v)
    },

    /** The connection ended. @param {import('./connection.js').Wire} wire */
    lost(wire) {
      forget(fresh)
      fresh = []
      if (wire.connection?.send) forget([...sent.values()])
    },

    /** Nothing that is under way matters any more. */
    reset() {
      said()
      posting?.abort()
      clearTimeout(pause)
      pause = undefined
      forget([...fresh, ...sent.values()])
      fresh = []
    }
  }
}
