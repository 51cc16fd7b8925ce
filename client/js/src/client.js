// @ts-check
import { climb, disconnect, ended, greeted, move, post, prefer, retry, round } from './connection.js'
import { add, advance, answered, first, linesFor, lost, renew, reset, took } from './conversation.js'
import { emit, listen, report, show } from './events.js'
import { decode, failure, offsetOf, parse } from './frames.js'
import { answeredLoose, postBody, said, say, schedule } from './outbox.js'
import { ackAfter, ackChars, ackChunk, lastChars } from './limits.js'
import { last, watch } from './page.js'
import { call, question, service } from './services.js'
import { cursors, happened, hear, resubscribe, subscribed, unsubscribed } from './topics.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Wire} Wire */

/**
 * Begins a conversation: see client.d.ts.
 *
 * @param {string} url
 * @param {import('../client.js').Options} [options]
 * @param {import('./transport.js').Transport[]} [known] transports that options.transports can name, and the default
 * @returns {import('../client.js').Client}
 */
export const connect = (url, options = {}, known = []) => {
  /** @type {Client} */
  const c = /** @type {any} */ ({
    mount: new URL(url, /** @type {any} */ (globalThis.location)).href.replace(/\/$/, ''),
    choices: (options.transports || known).map(t => known.find(k => k.name === t) || t),
    settings: options,
    halves: new Map(),
    listeners: {},
    shown: 'connecting',
    watched: new AbortController(),
    pending: [],
    wires: new Set(),
    fails: 0,
    wait: 0,
    greeting: { id: '', ttl: 120 },
    loose: new Map(),
    subs: new Map(),
    byID: new Map()
  })
  reset(c)
  watch(c)
  climb(c)
  queueMicrotask(() => round(c, prefer([...c.choices], last())))

  return {
    get id() { return c.greeting.id },
    get status() { return c.shown },
    get transport() { return c.live?.by.name },
    on: (event, listener) => listen(c, event, listener),
    service(name, half) {
      if (half) c.halves.set(name, half)
      return service(c, name)
    },
    topic: name => ({ on: listener => hear(c, name, 't', listener) }),
    state: name => ({ on: listener => hear(c, name, 'n', listener) }),
    use(transport) {
      prefer(c.choices, transport)
      c.fails = 0
      round(c, c.choices.slice(0, transport ? 1 : 9))
    },
    close() {
      if (c.over) return
      goodbye(c)
      finish(c, 'closed', '')
    }
  }
}

/** Makes the next hello. @param {Client} c @param {Wire} wire */
export const makeHello = (c, wire) => {
  wire.attached = ++c.attached
  said(c)
  return 'H' + JSON.stringify({
    v: 1,
    key: c.secret,
    c: c.attached,
    cur: c.met && (c.place || '0.'),
    in: c.acked,
    topics: c.byID.size && cursors(c),
    tries: first(c)?.repeats,
    now: c.met && wire !== c.live,
    auth: c.token,
    build: c.settings.build
  }, (_, value) => value || undefined)
}

/** The conversation is ready when it has caught up with what was outstanding as the connection came. @param {Client} c */
export const caughtUp = c => {
  const wire = /** @type {any} */ (c.live)
  if (wire?.owed >= 0 && offsetOf(c.place) >= c.greeting.at && !(c.pending[0]?.nr <= wire.owed)) {
    c.fails = 0
    show(c, 'ready')
  }
}

/**
 * Handles a frame that came down. What it throws is the fault of the frame, not of the connection.
 *
 * @param {Client} c
 * @param {string} line
 * @param {Wire} [wire] none: in the response to a POST
 */
export const frame = (c, line, wire) => {
  const [kind, payload, x, y, z, place] = parse(line)
  if (!/[hz]/.test(kind) && wire && wire !== c.live) return
  c.alive = true
  try {
    if (kind === 'h') return greeted(c, /** @type {Wire} */ (wire), JSON.parse(line.slice(1)))
    const value = decode(payload)
    if (/[rxeqsu]/.test(kind)) {
      if (x) {
        if (offsetOf(x) <= offsetOf(c.place)) return // a repeat
        c.place = x
        c.unsaid += Math.max(ackChunk, line.length)
        if (c.unsaid >= ackChars) say(c)
        else c.ackTimer ||= setTimeout(say, ackAfter, c)
      }
      if (kind === 'r') answered(c, +y)?.yes(value)
      if (kind === 'x') answered(c, +y)?.no(failure(value.code, value.message))
      if (kind === 'e') call(c, y, value)
      if (kind === 'q') question(c, y, z, value)
      if (kind === 's') subscribed(c, y, z, place)
      if (kind === 'u') unsubscribed(c, y)
    }
    if (kind === 'l' && !x) {
      lost(c, y)
      emit(c, 'lost', { stream: x, why: z })
    } else if (/[tjnl]/.test(kind)) happened(c, kind, value, x, y, z)
    if (kind === 'a') took(c, +x, +y)
    if (kind === 'v') answeredLoose(c, x)?.yes(value)
    if (kind === 'y') answeredLoose(c, x)?.no(failure(value.code, value.message))
    if (kind === 'z') ended(c, wire, x, y, z)
    if (kind === 'g' && wire) wire.sent = +x - 1
    if (kind === 'm' && wire) move(c, wire, +x)
    if (kind === 'k') round(c) // which asks for fresh credentials
    if (kind === 'p' && wire?.carry) say(c)
  } catch (e) {
    report(c, e)
  }
  advance(c)
  schedule(c) // what took effect makes room
  caughtUp(c)
}

/** Begins anew: the socket has ended, after message n if that is known. @param {Client} c @param {string} why @param {string} [n] */
export const anew = (c, why, n) => {
  disconnect(c)
  renew(c, n)
  resubscribe(c, why)
  emit(c, 'lost', { stream: '', why })
  show(c, 'reconnecting')
  retry(c)
}

/** Nothing more will be said or heard. Messages up to n took effect. @param {Client} c @param {string} code @param {string} why @param {string} [n] */
export const finish = (c, code, why, n = '') => {
  c.over = failure(code, why)
  c.watched.abort()
  clearTimeout(c.climber)
  disconnect(c)
  for (const m of c.pending) if (m.letter === 'C') m.no(m.nr <= +n ? failure('gone') : c.over)
  c.pending = []
  show(c, 'close', { code, why })
}

/** Says that nothing more will come, and everything that was not said yet. @param {Client} c @param {boolean} [leaving] the page is about to end */
export const goodbye = (c, leaving) => {
  if (!c.met) return
  const wire = c.live
  add(c, 'B', '')
  wire?.carry?.(linesFor(c, wire).join('\n'))
  if (leaving || !wire?.carry) {
    post(c, 'up', postBody(c, linesFor(c, { sent: 0 }, lastChars))).catch(() => {})
  }
}
