// @ts-check
import { disconnect, ended, greeted, move, post, prefer, retry, round } from './connection.js'
import { add, advance, answered, first, linesFor, lost, renew, reset, took } from './conversation.js'
import { emit, listen, report, show } from './events.js'
import { decode, failure, offsetOf, parse } from './frames.js'
import { answeredLoose, heard, postBody, said, say, schedule } from './outbox.js'
import { lastChars } from './limits.js'
import { watch } from './page.js'
import { event, question, service } from './services.js'
import { cursors, happened, hear, resubscribe, subscribed, unsubscribed } from './topics.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Wire} Wire */

/**
 * @typedef Options
 * @property {(string | import('./transport.js').Transport)[]} [transports] which to try, in this order; names are those of the transports that came with connect. Default: all that came
 * @property {string | (() => string)} [auth] what the program's Identify finds as bearer token; a function is asked for each hello
 * @property {string} [build] the page's build, any string that sorts
 * @property {{min?: number, max?: number, attempts?: number}} [reconnect] back-off in milliseconds (250, 10000), and after how many failures in a row to give up (never)
 * @property {RequestCredentials} [credentials] as of fetch; default 'same-origin'. 'include' where the instance is of another origin, which must have this page's listed
 * @property {number} [maxFrame] bytes that a message may have; default 65000, a little less than an instance takes
 * @property {typeof globalThis.WebSocket} [WebSocket] where there is no global one
 */

/**
 * Begins a conversation with the instances behind a url. It connects by itself, in the next microtask, and stays connected.
 *
 * @param {string} url where the server is mounted: '/rt'. Absolute outside of pages
 * @param {Options} [options]
 * @param {import('./transport.js').Transport[]} [known] transports that options.transports can name
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
    misses: 0,
    greeting: { id: '', ttl: 120 },
    loose: new Map(),
    subs: new Map(),
    byID: new Map()
  })
  reset(c)
  try {
    prefer(c, sessionStorage.sojourn)
  } catch {}
  watch(c)
  queueMicrotask(() => c.over || round(c))

  return {
    /** The socket's id; empty before the first hello. */
    get id() { return c.greeting.id },

    /** connecting, open, ready, reconnecting, reconnected, reconnect_failed or close. */
    get status() { return c.shown },

    /** Name of the transport in use; undefined while there is no connection. */
    get transport() { return c.live?.by.name },

    /**
     * Listens to what becomes of the conversation. Returns what ends it.
     *
     * Each status has an event of its own name, and all of them are 'status' events: listener(status, more), where more is
     * {code, why} of 'close'. 'lost' has {stream, why}: entries of a topic, or of the own stream (''), will never come. 'error' has
     * what a listener threw, or why a topic could not be subscribed to (code, stream); without a listener it goes to the console.
     *
     * @param {string} type
     * @param {(...args: any[]) => void} listener
     * @returns {() => void}
     */
    on: (type, listener) => listen(c.listeners[type] ||= new Set(), listener),

    /**
     * The page's side of a service. half has the methods that the instance may call: events, and questions, whose answer is what the method
     * returns or promises; what it throws is the answer's error, with its code if it has one.
     *
     * Methods of the result send a message: method(value, {signal, timeout}). The promise has a call's answer, or undefined for an event,
     * once the message took effect; it is rejected with an Error whose code says why. result.volatile has the same methods for messages
     * that are sent once, without order, and lost with the connection.
     *
     * @param {string} name
     * @param {object} [half]
     * @returns {any}
     */
    service(name, half) {
      if (half) c.halves.set(name, half)
      return service(c, name)
    },

    /**
     * A topic. on listens to its entries, from the instant that the instance subscribed us (and before, as far as the topic gives its past); a
     * listener that comes later hears what comes later. The first listener subscribes, the end of the last one unsubscribes.
     *
     * @param {string} name as 'room/lobby'
     */
    topic: name => ({
      /** @param {(entry: any) => void} listener @returns {() => void} */
      on: listener => hear(c, name, 't', listener)
    }),

    /**
     * A topic's state. on listens to its value: all of it, now if it is known, and after each change. A value is never changed afterwards.
     *
     * @param {string} name as 'people/lobby'
     */
    state: name => ({
      /** @param {(value: any) => void} listener @returns {() => void} */
      on: listener => hear(c, name, 'n', listener)
    }),

    /**
     * Goes over to another transport, or tries again after reconnect_failed. The connection in use lasts until the new one stands.
     *
     * @param {string} [name]
     */
    use(name) {
      if (c.over) return
      prefer(c, name)
      c.fails = 0
      round(c)
    },

    /** Says goodbye. What was called and not answered is sent along, and rejected with code 'closed'. */
    close() {
      if (c.over) return
      goodbye(c)
      finish(c, 'closed', '')
    }
  }
}

/** Makes the next hello. @param {Client} c @param {Wire} wire */
export const makeHello = (c, wire) => {
  const { auth, build } = /** @type {any} */ (c.settings)
  wire.attached = ++c.attached
  wire.said = cursors(c)
  said(c)
  return 'H' + JSON.stringify({
    v: 1,
    key: c.secret,
    c: c.attached,
    cur: c.met ? c.place || '0.' : undefined,
    in: c.acked || undefined,
    topics: wire.said[0] && Object.fromEntries(wire.said),
    tries: first(c)?.repeats || undefined,
    now: c.met && wire !== c.live || undefined,
    auth: auth?.call ? auth() : auth,
    build
  })
}

/** The conversation is ready when it has caught up with what was outstanding as the connection came. @param {Client} c */
export const caughtUp = c => {
  const wire = /** @type {any} */ (c.live)
  if (wire?.owed >= 0 && offsetOf(c.place) >= wire.greeting.at && !(c.pending[0]?.nr <= wire.owed)) {
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
    const error = () => failure(value.code, value.message)
    if (/[rxeqsu]/.test(kind)) {
      if (x) {
        if (offsetOf(x) <= offsetOf(c.place)) return // a repeat
        c.place = x
        heard(c, line.length)
      }
      if (kind === 'r') answered(c, +y)?.yes(value)
      if (kind === 'x') answered(c, +y)?.no(error())
      if (kind === 'e') event(c, y, value)
      if (kind === 'q') question(c, y, z, value)
      if (kind === 's') subscribed(c, y, z, place)
      if (kind === 'u') unsubscribed(c, y)
      advance(c)
    }
    if (kind === 'l' && !x) {
      lost(c, y)
      emit(c, 'lost', { stream: x, why: z })
    } else if (/[tjnl]/.test(kind)) happened(c, kind, value, x, y, z)
    if (kind === 'a') took(c, +x, +y)
    if (kind === 'v') answeredLoose(c, x)?.yes(value)
    if (kind === 'y') answeredLoose(c, x)?.no(error())
    if (kind === 'z') ended(c, wire, x, y, z)
    if (kind === 'g' && wire) wire.sent = +x - 1
    if (kind === 'm' && wire) move(c, wire, +x)
    if (kind === 'p' && wire?.carry) say(c)
  } catch (e) {
    report(c, e)
  }
  schedule(c) // what took effect makes room
  caughtUp(c)
}

/** Begins anew: the socket has ended, after message n if that is known. @param {Client} c @param {string} why @param {string} [n] */
export const anew = (c, why, n) => {
  disconnect(c)
  renew(c, n)
  for (const stream of ['', ...resubscribe(c)]) emit(c, 'lost', { stream, why })
  show(c, 'reconnecting')
  retry(c)
}

/** Nothing more will be said or heard. @param {Client} c @param {string} code @param {string} why */
export const finish = (c, code, why) => {
  c.over = failure(code, why)
  c.watched.abort()
  disconnect(c)
  for (const m of c.pending) if (m.letter === 'C') m.no(c.over)
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
