// @ts-check
import { anew, finish, frame, makeHello } from './client.js'
import { broke, took } from './conversation.js'
import { show } from './events.js'
import { closing, linesOf } from './frames.js'
import { headStart, quick, silence } from './limits.js'
import { forget, idle, resume } from './outbox.js'
import { hidden, offline } from './page.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Hello} Hello */
/** @typedef {import('./state.js').Wire} Wire */

// An attempt to connect is a round of the transports. Each has a head start, after which the next one is tried as well; the first whose hello is
// answered stays, and takes the place of the connection before, which lasts until then if it can.

/** Full jitter. @param {Client} c @param {number} failures */
export const backoff = ({ settings: { reconnect: { min = 250, max = 10_000 } = {} } }, failures) =>
  Math.random() * Math.min(max, min * 2 ** failures)

/** @param {Client} c @param {Wire} wire */
const dropWire = (c, wire) => {
  c.wires.delete(wire)
  clearTimeout(wire.timer)
  wire.line.abort()
}

/** Ends attempts, but not the connection. @param {Client} c */
const dropAttempts = c => {
  clearTimeout(c.timer)
  for (const wire of c.wires) if (wire !== c.live) dropWire(c, wire)
}

/** Ends everything that is under way. @param {Client} c */
export const disconnect = c => {
  c.live = undefined
  dropAttempts(c)
  clearTimeout(c.hush)
  idle(c)
}

/** Puts a transport before the others. @param {Client} c @param {string} [name] */
export const prefer = (c, name) => {
  c.choices.sort((a, b) => +(b.name === name) - +(a.name === name))
}

/**
 * Attempts to connect: with what worked last, and when that has failed twice, with all.
 *
 * @param {Client} c
 */
export const round = c => {
  dropAttempts(c)
  c.quiet = !!c.live
  c.order = c.choices.slice(0, c.met && c.fails < 3 ? 1 : 9)
  next(c)
}

/** @param {Client} c */
const next = c => {
  clearTimeout(c.timer)
  const transport = c.order.shift()
  if (!transport) return giveUp(c)
  c.timer = setTimeout(next, headStart + 1000 * c.fails, c)
  open(c, transport)
}

/** A round has failed. @param {Client} c */
const giveUp = c => {
  dropAttempts(c)
  if (c.live) return
  if (c.fails >= /** @type {number} */ (c.settings.reconnect?.attempts)) show(c, 'reconnect_failed')
  else retry(c)
}

/** Begins a round after a while. @param {Client} c */
export const retry = c => {
  clearTimeout(c.timer)
  const delay = backoff(c, c.fails++)
  if (!offline()) c.timer = setTimeout(round, hidden() ? Math.max(delay, c.greeting.ttl * 333) : delay, c)
}

/** @param {Client} c @param {import('./transport.js').Transport} by */
const open = (c, by) => {
  /** @type {Wire} */
  const wire = { by, line: new AbortController(), attached: 0, said: [], sent: 0 }
  const { signal } = wire.line
  const end = () => closed(c, wire)
  c.wires.add(wire)
  try {
    /** @type {any} */
    const handle = by.open({
      url: c.mount,
      options: c.settings,
      hello: () => makeHello(c, wire),
      frames: text => receive(c, wire, text),
      closed: end,
      signal,
      post: (path, body) => post(c, path, body, signal)
    })
    wire.carry = handle.send
    handle.then?.(end, end)
  } catch {
    end()
  }
}

/**
 * @param {Client} c
 * @param {string} path
 * @param {string} body
 * @param {AbortSignal} [signal]
 */
export const post = (c, path, body, signal) => fetch(c.mount + '/' + path, {
  method: 'POST',
  body, // text: its type is text/plain by itself
  credentials: c.settings.credentials,
  signal,
  keepalive: !signal // nobody could end it: it is the page's last
})

/** @param {Client} c @param {Wire} wire @param {string} text */
const receive = (c, wire, text) => {
  for (const line of linesOf(text)) if (c.wires.has(wire)) frame(c, line, wire)
  if (wire !== c.live) return
  clearTimeout(wire.timer)
  wire.timer = setTimeout(closed, 2000 * /** @type {Hello} */ (wire.greeting).hb || silence, c, wire)
}

/** A hello was answered. @param {Client} c @param {Wire} wire @param {Hello} hello */
export const greeted = (c, wire, hello) => {
  c.greeting = hello
  if (wire !== c.live) {
    // An attempt that said hello later stays. Where that hello arrives this connection ends, and it may be just then that a proxy lets go of what
    // it had buffered of it: it would win by losing, again and again.
    for (const other of c.wires) if (other === c.live || other.attached < wire.attached) dropWire(c, other)
    c.live = wire
    c.order = []
    clearTimeout(c.hush)
    c.quiet = false
    forget(c)
    wire.greeting = hello
    prefer(c, wire.by.name)
    try {
      sessionStorage.sojourn = wire.by.name
    } catch {} // not everywhere, and not always allowed
    if (c.shown !== 'ready') show(c, c.met ? 'reconnected' : 'open') // else it was not noticed
    c.met = true
    resume(c)
  }
  for (const [, place, sub] of wire.said) sub.told = place
  took(c, hello.in, hello.at)
}

/** The instance asks to connect again, to another one. @param {Client} c @param {Wire} wire @param {number} within ms */
export const move = (c, wire, within) => {
  if (!wire.greeting?.hb) return // the next poll is elsewhere anyway
  clearTimeout(c.timer)
  c.quiet = true
  if (within) c.timer = setTimeout(round, Math.random() * within, c)
  else round(c)
}

/**
 * A connection has ended, or an attempt failed.
 *
 * @param {Client} c
 * @param {Wire} wire
 * @param {boolean} [told] the instance itself said so
 */
const closed = (c, wire, told) => {
  if (!c.wires.has(wire)) return
  dropWire(c, wire)
  if (wire === c.live) {
    c.live = undefined
    forget(c)
    if (!told) broke(c, wire.sent)
    c.hush = setTimeout(show, c.quiet ? quick : 0, c, 'reconnecting')
    if (!c.wires.size) retry(c)
  } else if (told) { // where the instance refuses, another transport does not help
    giveUp(c)
  } else if (c.order[0] || !c.wires.size) {
    next(c)
  }
}

/**
 * The instance ended a connection, or refused a request.
 *
 * @param {Client} c
 * @param {Wire | undefined} wire
 * @param {string} code
 * @param {string} n
 * @param {string} why
 */
export const ended = (c, wire, code, n, why) => {
  const [name, action] = closing(code)
  // Overtaken by a newer attach, of our own: that is no reason to stop.
  const overtaken = action === '?' && wire && wire.attached < c.attached
  if (action === '+') anew(c, name, n)
  else if (action && !overtaken) finish(c, name, why)
  else if (wire) {
    c.quiet ||= !name
    if (overtaken && c.live) c.order = [wire.by] // by a poll of the connection that it is to replace: once more
    closed(c, wire, !overtaken)
  }
}
