// @ts-check
import { closing, linesOf, parse } from './frames.js'
import { hidden, offline } from './page.js'

/**
 * @typedef {import('./transport.js').Transport} Transport
 */

/**
 * A connection, or an attempt at one.
 *
 * @typedef Wire
 * @property {Transport} transport
 * @property {import('./transport.js').Connection} [connection]
 * @property {number} attach number of its last hello
 * @property {Record<string, string>} told topic cursors in its last hello
 * @property {number} sent messages up to this number were sent on it
 * @property {number} since when its hello was answered
 * @property {number} beat seconds in which a frame must come; 0: a poll
 * @property {number} [at] when the own stream is read up to here, and
 * @property {number} [mark] messages up to this are settled, the conversation has caught up
 * @property {ReturnType<typeof setTimeout>} [timer] until it is taken for dead
 * @property {(told?: boolean) => void} failed
 */

const quick = 1000 // ms: a move that takes no longer is not shown
const stable = 5000 // ms: a connection that lived so long was a good one

/**
 * Keeps one connection, over whichever transport works.
 *
 * An attempt is a round of the transports. Each has a head start, after which the next one is tried as well; the first whose hello is answered
 * stays, and takes the place of the connection before, which lasts until then if it can.
 *
 * @param {object} o
 * @param {string} o.url
 * @param {Transport[]} o.transports
 * @param {any} o.options
 * @param {object} o.hooks
 * @param {(wire: Wire, auth: string | undefined, first: boolean) => string} o.hooks.hello
 * @param {(wire: Wire, hello: any, first: boolean) => void} o.hooks.welcome
 * @param {(wire: Wire, frame: string) => void} o.hooks.frame
 * @param {(wire: Wire, told: boolean) => void} o.hooks.lost the connection ended; told: the instance said why
 * @param {(n: number | undefined, why: string) => void} o.hooks.anew the socket has ended after message n
 * @param {(code: string, why: string) => void} o.hooks.stop
 * @param {() => number} o.hooks.attach the newest attach number
 * @param {(status: string) => void} o.hooks.status
 */
export const connector = ({ url, transports, options, hooks }) => {
  const { min = 250, max = 10_000, attempts = Infinity } = options.reconnect || {}
  const WebSocket = options.WebSocket || globalThis.WebSocket

  /** @type {Set<Wire>} */
  const wires = new Set()
  /** @type {Wire | undefined} the one whose hello was answered last */
  let live
  /** @type {ReturnType<typeof setTimeout> | undefined} until the next transport, or the next round */
  let timer
  /** @type {ReturnType<typeof setTimeout> | undefined} until a move is shown */
  let hush
  let quiet = false // the connection is being replaced
  let rounds = 0
  let fails = 0 // rounds and short connections in a row
  let hold = 0 // ms: what an instance asked for by Retry-After
  let ttl = 120
  let stopped = false
  /** @type {string | undefined} */
  let auth
  /** @type {Transport | undefined} what worked last, on this page */
  let proven
  /** @type {string | undefined} name of what worked last, also before the page was reloaded */
  let preferred
  try {
    preferred = sessionStorage.sojourn
  } catch {} // not everywhere, and not always allowed

  /** @param {string} path @param {string} body @param {AbortSignal} [signal] @param {boolean} [keepalive] */
  const post = async (path, body, signal, keepalive) => {
    const response = await (options.fetch || fetch)(url + '/' + path, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      credentials: options.credentials || 'same-origin',
      body,
      signal,
      keepalive
    })
    hold = 1000 * Number(response.headers.get('Retry-After')) || 0
    return response
  }

  /** Full jitter. @param {number} failures */
  const backoff = failures => hold + Math.random() * Math.min(max, min * 2 ** failures)

  /** @param {Wire} wire */
  const drop = wire => {
    wires.delete(wire)
    clearTimeout(wire.timer)
    wire.connection?.close()
  }

  /** Drops attempts. */
  const dropOthers = () => {
    for (const wire of wires) if (wire !== live) drop(wire)
  }

  /** @param {Wire} wire @param {boolean} [told] */
  const closed = (wire, told = false) => {
    if (!wires.has(wire)) return
    drop(wire)
    if (wire !== live) return wire.failed(told)
    live = undefined
    hooks.lost(wire, told)
    if (Date.now() - wire.since > stable) fails = 0
    const show = () => hooks.status('reconnecting')
    if (quiet) hush = setTimeout(show, quick)
    else show()
    if (!wires.size) retry()
  }

  /** The instance ended a connection, or refused a request. @param {Wire | undefined} wire @param {string[]} fields */
  const ended = (wire, [code, n, why]) => {
    const { name, action } = closing(code)
    // A newer attach of our own may have overtaken this one: only another's means that there is another.
    const overtaken = /stale|replaced/.test(name) && wire && wire.attach < hooks.attach()
    if (action === 'stop' && !overtaken) {
      hooks.stop(name, why)
    } else if (action === 'anew') {
      const was = live
      live = undefined
      dropOthers()
      hooks.anew(n ? +n : undefined, name)
      if (was) hooks.status('reconnecting')
      retry()
    } else if (wire) {
      if (name === 'move') quiet = true
      closed(wire, true)
    }
  }

  /** @param {Wire} wire @param {string} frame */
  const welcome = (wire, frame) => {
    const hello = JSON.parse(frame.slice(1))
    const first = wire !== live
    if (first) {
      live = wire
      dropOthers()
      clearTimeout(timer)
      clearTimeout(hush)
      quiet = false
      wire.since = Date.now()
      proven = wire.transport
      preferred = proven.name
      try {
        sessionStorage.sojourn = preferred
      } catch {}
    }
    wire.beat = hello.hb
    ttl = hello.ttl
    hooks.welcome(wire, hello, first)
  }

  /** @param {Wire} wire @param {string} text */
  const receive = (wire, text) => {
    for (const frame of linesOf(text)) {
      if (!wires.has(wire)) return
      if (frame[0] === 'h') welcome(wire, frame)
      else if (frame[0] === 'z') ended(wire, parse(frame).fields)
      else if (wire !== live) continue
      else if (frame[0] === 'm') move(wire, +frame.slice(1))
      else hooks.frame(wire, frame)
    }
    if (wire !== live) return
    clearTimeout(wire.timer)
    wire.timer = setTimeout(() => closed(wire), 2000 * (wire.beat || 25))
  }

  /** @param {Wire} wire @param {number} within */
  const move = (wire, within) => {
    if (!wire.beat) return // the next poll is elsewhere anyway
    quiet = true
    clearTimeout(timer)
    if (within) timer = setTimeout(round, Math.random() * within)
    else round()
  }

  /** @param {Transport} transport @param {(told?: boolean) => void} failed */
  const open = (transport, failed) => {
    /** @type {Wire} */
    const wire = { transport, failed, attach: 0, told: {}, sent: 0, since: 0, beat: 0 }
    wires.add(wire)
    try {
      wire.connection = transport.open({
        url,
        hello: () => hooks.hello(wire, auth, wire !== live),
        frames: text => receive(wire, text),
        closed: () => closed(wire),
        post,
        WebSocket
      })
      if (!wires.has(wire)) wire.connection.close()
    } catch {
      closed(wire)
    }
  }

  const retry = () => {
    clearTimeout(timer)
    if (stopped || offline()) return
    let delay = backoff(fails++)
    if (hidden()) delay = Math.max(delay, ttl * 1000 / 3)
    timer = setTimeout(round, delay)
  }

  /** An attempt: with what worked last, and when that has failed twice, with all. */
  const round = async () => {
    clearTimeout(timer)
    dropOthers()
    if (stopped) return
    if (live) quiet = true
    const turn = ++rounds
    const order = proven && fails < 3 ? [proven]
      : [...transports].sort((a, b) => +(b.name === preferred) - +(a.name === preferred))
    let next = 0

    const giveUp = () => {
      clearTimeout(timer)
      dropOthers()
      quiet = false
      if (live) return
      if (fails >= attempts) hooks.status('reconnect_failed')
      else retry()
    }
    /** @param {boolean} [told] the instance itself refused: another transport would not help */
    const failed = told => {
      if (told || (next >= order.length && wires.size === (live ? 1 : 0))) giveUp()
      else if (next < order.length) start()
    }
    const start = () => {
      clearTimeout(timer)
      const transport = order[next++]
      if (!transport) return giveUp()
      // Nothing follows the last one, so it may be slow, and with it those that were tried before.
      timer = setTimeout(start, transport.patience || (next > 1 && next === order.length ? 10_000 : 3000))
      open(transport, failed)
    }

    try {
      auth = typeof options.auth === 'function' ? await options.auth() : options.auth
      if (turn === rounds && !stopped) start()
    } catch {
      if (turn === rounds) giveUp()
    }
  }

  return {
    get live() { return live },
    post,
    backoff,
    ended,
    round,

    /** Begins or goes on, at once. @param {string} [name] of the transport to prefer */
    start(name) {
      stopped = false
      if (name) {
        preferred = name
        proven = undefined
      }
      fails = 0
      round()
    },

    stop() {
      stopped = true
      live = undefined
      dropOthers()
      clearTimeout(timer)
      clearTimeout(hush)
    }
  }
}
