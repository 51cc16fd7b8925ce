// @ts-check
import { anew, finish, frame, makeHello } from './client.js'
import { broke, took } from './conversation.js'
import { emit, report, show } from './events.js'
import { closing, encode, linesOf } from './frames.js'
import { authTimeout, climbAfter, headStart, longest, quick, silence } from './limits.js'
import { forget, resume, said } from './outbox.js'
import { hidden, last } from './page.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Hello} Hello */
/** @typedef {import('./state.js').Wire} Wire */

// An attempt to connect is a round of the transports. Each has a head start, after which the next one is tried as well; the first whose hello is
// answered stays, and takes the place of the connection before, which lasts until then if it can.

/** Full jitter, but not before the instance wants to be asked again. @param {Client} c @param {number} failures */
export const backoff = ({ wait, settings: { reconnect: { min = 250, max = 10_000 } = {} } }, failures) =>
  Math.max(wait, Math.random() * Math.min(max, min * 2 ** failures))

/** @param {Client} c @param {Wire} wire */
const dropWire = (c, wire) => {
  c.wires.delete(wire)
  clearTimeout(wire.timer)
  wire.line.abort()
}

/** Ends attempts, but not the connection. @param {Client} c */
const dropAttempts = c => {
  clearTimeout(c.timer)
  c.order = []
  for (const wire of c.wires) if (wire !== c.live) dropWire(c, wire)
}

/** Ends everything that is under way. @param {Client} c */
export const disconnect = c => {
  c.live = undefined
  dropAttempts(c)
  clearTimeout(c.hush)
  c.posting = undefined
  said(c)
  forget(c)
  resume(c)
}

/** Puts a transport before the others. @param {import('./transport.js').Transport[]} all @param {string} [name] */
export const prefer = (all, name) => all.sort((a, b) => +(b.name === name) - +(a.name === name))

/** Asks the program who the client is, and tells whether it failed to say so. @param {Client} c */
const identify = async c => {
  const { auth } = /** @type {any} */ (c.settings)
  try {
    c.token = await (auth?.call ? auth() : auth)
  } catch (e) {
    report(c, e)
    return true
  }
}

/**
 * Attempts to connect: with what worked last, and when that has failed twice, with all.
 *
 * @param {Client} c
 * @param {import('./transport.js').Transport[]} [order]
 */
export const round = async (c, order = c.met && c.fails < 3 ? [c.by] : [...c.choices]) => {
  if (c.over) return
  dropAttempts(c)
  c.wait = 0
  c.quiet = !!c.live
  c.order = order
  c.timer = setTimeout(next, authTimeout, c, true)
  const failed = await identify(c)
  if (c.order === order) next(c, failed) // else there was another round meanwhile
}

/**
 * Tries, each few minutes, what the program would rather use than the transport in use.
 *
 * @param {Client} c
 */
export const climb = c => {
  c.climber = setTimeout(climb, climbAfter, c)
  if (c.live && c.by !== c.choices[0]) round(c, [...c.choices])
}

/** Goes on to the next transport. Without one the round is over. @param {Client} c @param {boolean} [failed] there need not be a next one */
const next = (c, failed) => {
  clearTimeout(c.timer)
  const transport = failed ? undefined : c.order.shift()
  if (transport) {
    c.timer = setTimeout(next, headStart + 1000 * c.fails, c)
    return open(c, transport)
  }
  dropAttempts(c)
  if (c.live) return
  if (c.fails >= /** @type {number} */ (c.settings.reconnect?.attempts)) show(c, 'reconnect_failed')
  else retry(c)
}

/** Begins a round after a while. @param {Client} c */
export const retry = c => {
  clearTimeout(c.timer)
  const delay = backoff(c, c.fails++)
  if (globalThis.navigator?.onLine === false) return // an attempt is in vain, and page.js waits for the network
  c.timer = setTimeout(round, hidden() ? Math.max(delay, c.greeting.ttl * 333) : delay, c)
}

/** @param {Client} c @param {import('./transport.js').Transport} by */
const open = (c, by) => {
  /** @type {Wire} */
  const wire = { by, line: new AbortController(), attached: 0, sent: 0 }
  const { signal } = wire.line
  const end = () => closed(c, wire)
  c.wires.add(wire)
  try {
    /** @type {any} */
    const handle = by.open({
      url: c.mount,
      options: c.settings,
      hello: () => makeHello(c, wire),
      frames(text) {
        for (const line of linesOf(text)) if (c.wires.has(wire)) frame(c, line, wire)
        if (wire !== c.live || wire.met !== wire.attached) return
        clearTimeout(wire.timer)
        wire.timer = setTimeout(end, 2000 * c.greeting.hb || silence)
      },
      closed: end,
      signal,
      post: (path, body) => post(c, path, body, signal)
    })
    wire.carry = handle.send
    handle.then?.(end, end)
  } catch (e) { // no such transport, or it cannot work here
    report(c, e)
    end()
  }
}

/**
 * @param {Client} c
 * @param {string} path
 * @param {string} body
 * @param {AbortSignal} [signal]
 */
export const post = async (c, path, body, signal) => {
  const response = await fetch(c.mount + '/' + path, {
    method: 'POST',
    body, // text: its type is text/plain by itself
    credentials: c.settings.credentials,
    signal,
    keepalive: !signal // nobody could end it: it is the page's last
  })
  c.wait = Math.min(1000 * /** @type {any} */ (response.headers.get('Retry-After')), longest) || 0
  return response
}

/** A hello was answered. @param {Client} c @param {Wire} wire @param {Hello} hello */
export const greeted = (c, wire, hello) => {
  c.greeting = hello
  wire.met = wire.attached
  if (wire !== c.live) {
    // An attempt that said hello later stays. Where that hello arrives this connection ends, and it may be just then that a proxy lets go of what
    // it had buffered of it: it would win by losing, again and again.
    for (const other of c.wires) if (other === c.live || other.attached < wire.attached) dropWire(c, other)
    c.live = wire
    c.order = []
    clearTimeout(c.hush)
    c.quiet = false
    forget(c)
    if (c.by !== wire.by) emit(c, 'transport', (c.by = wire.by).name)
    last(c.by.name)
    if (c.shown !== 'ready') show(c, c.met ? 'reconnected' : 'open') // else it was not noticed
    c.met = true
    resume(c)
  }
  took(c, hello.in, hello.at)
}

/** The instance asks to connect again, to another one. @param {Client} c @param {Wire} wire @param {number} within ms */
export const move = (c, wire, within) => {
  if (!c.greeting.hb) return // the next poll is elsewhere anyway
  clearTimeout(c.timer)
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
    if (!c.wires.size && !c.order[0]) retry(c)
  } else if (told || c.order[0] || !c.wires.size) {
    next(c, told) // where the instance refuses, another transport does not help
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
  const [, name, action] = closing(code)
  // Overtaken by a newer attach, of our own: that is no reason to stop.
  const overtaken = action === '?' && wire && wire.attached < c.attached
  if (action === '+') anew(c, name, n)
  else if (action && !overtaken) finish(c, name, why, n)
  else if (wire) {
    c.quiet ||= !name
    if (overtaken && c.live && c.live !== wire) c.order = [wire.by] // by a poll of the connection that it is to replace: once more
    closed(c, wire, !overtaken)
  }
}
