// @ts-check
import { caughtUp, frame } from './client.js'
import { backoff, post } from './connection.js'
import { broke, first, linesFor } from './conversation.js'
import { encode, failure, linesOf } from './frames.js'
import { maxQueue, postLoose, postTimeout } from './limits.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Wire} Wire */

// What goes up goes at once where the connection can carry it, else by POSTs, one at a time, each with all that accrued meanwhile.

/** Sends all that this tick has to say. @param {Client} c */
export const schedule = c => queueMicrotask(() => {
  const wire = c.live
  if (!wire) return
  if (wire.carry) {
    const lines = [...linesFor(c, wire), ...looseLines(c, wire)]
    if (c.due) {
      lines.push('A' + c.place)
      said(c)
    }
    if (lines[0]) wire.carry(lines.join('\n'))
  } else if (!c.posting && !c.pause) {
    up(c, wire)
  }
  wire.owed ??= c.last
  caughtUp(c)
})

/** What a POST says. @param {Client} c @param {string[]} lines */
export const postBody = (c, lines) => [`K${c.secret},${c.place},${first(c)?.repeats || 0}${encode(c.token)}`, ...lines].join('\n')

/** @param {Client} c @param {Wire} wire */
const up = async (c, wire) => {
  const { acked } = c
  const messages = linesFor(c, wire)
  const lines = [...messages, ...looseLines(c, messages, postLoose)]
  if (!lines[0] && !c.due) return
  const n = wire.sent
  let ok
  let told
  c.posting = messages
  said(c)
  try {
    const response = await post(c, 'up', postBody(c, lines), AbortSignal.timeout(postTimeout))
    const text = await response.text()
    told = response.status < 500 || response.status === 503
    for (const line of linesOf(text)) if (c.posting === messages && /^[agvyz]/.test(line)) frame(c, line)
    ok = response.ok && (c.acked > acked || !messages.length)
  } catch {} // no answer
  forget(c, messages)
  if (c.posting !== messages) return // it was said to a socket that is no more
  c.posting = undefined
  wire.sent = 0
  if (!told) broke(c, n)
  if (ok) {
    c.misses = 0
    schedule(c)
  } else {
    c.due = true
    c.pause = setTimeout(resume, backoff(c, c.misses++), c)
  }
}

/** Sends, though the last POST failed a moment ago. @param {Client} c */
export const resume = c => {
  clearTimeout(c.pause)
  c.pause = undefined
  schedule(c)
}

// Acknowledgements of the own stream.

/** @param {Client} c */
export const say = c => {
  c.due = true
  schedule(c)
}

/** @param {Client} c */
export const said = c => {
  c.unsaid = 0
  c.due = false
  clearTimeout(c.ackTimer)
  c.ackTimer = undefined
}

// Volatile messages.

let lastID = 0

/**
 * @param {Client} c
 * @param {string} rest
 * @param {(value?: any) => void} yes
 * @param {(error: Error) => void} no
 * @returns {() => void} takes it back
 */
export const addLoose = (c, rest, yes, no) => {
  if (!c.live) throw failure('unavailable')
  const id = ++lastID
  c.loose.set(id, { rest, yes, no })
  schedule(c)
  return () => c.loose.delete(id)
}

/** Those that were not sent yet. @param {Client} c @param {object} via @param {number} [max] */
const looseLines = (c, via, max = maxQueue) => {
  const lines = []
  for (const [id, m] of c.loose) {
    if (m.via || lines.length >= max) continue
    m.via = via
    lines.push('W' + id + m.rest)
  }
  return lines
}

/** One has its answer. @param {Client} c @param {string} id */
export const answeredLoose = (c, id) => {
  const m = c.loose.get(+id)
  c.loose.delete(+id)
  return m
}

/** Those that have no answer will not have one: those that were sent with something, or all. @param {Client} c @param {object} [via] */
export const forget = (c, via) => {
  for (const [id, m] of c.loose) {
    if (via && m.via !== via) continue
    c.loose.delete(id)
    m.no(failure('unavailable'))
  }
}
