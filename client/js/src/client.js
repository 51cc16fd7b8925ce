// @ts-check
import { connector } from './connection.js'
import { conversation } from './conversation.js'
import { emitter } from './events.js'
import { decode, failure, parse } from './frames.js'
import { outbox } from './outbox.js'
import { watch } from './page.js'
import { services } from './services.js'
import { subscriptions } from './topics.js'

/**
 * @typedef Options
 * @property {(string | import('./transport.js').Transport)[]} [transports] which to try, in this order; names are those of the transports that came with connect. Default: all that came
 * @property {string | (() => string | Promise<string>)} [auth] what the program's Identify finds as bearer token; a function is asked before each attempt
 * @property {string} [build] the page's build, any string that sorts
 * @property {{min?: number, max?: number, attempts?: number}} [reconnect] back-off in milliseconds (250, 10000), and after how many failures in a row to give up (never)
 * @property {RequestCredentials} [credentials] as of fetch; default 'same-origin'. 'include' where the instance is of another origin, which must have this page's listed
 * @property {number} [maxFrame] bytes that a message may have; default 65 KiB, as the instance's limit
 * @property {typeof globalThis.WebSocket} [WebSocket] where there is no global one
 * @property {typeof globalThis.fetch} [fetch]
 */

/**
 * Begins a conversation with the instances behind a url. It connects by itself, in the next microtask, and stays connected.
 *
 * @param {string} url where the server is mounted: '/rt'. Absolute outside of pages
 * @param {Options} [options]
 * @param {import('./transport.js').Transport[]} [known] transports that options.transports can name
 */
export const connect = (url, options = {}, known = []) => {
  const events = emitter()
  const talk = conversation()
  const page = new AbortController()
  /** @type {(Error & {code: string}) | undefined} */
  let over
  let status = 'connecting'
  let id = ''
  let heard = false // anything, since a connection was last held for broken

  const transports = (options.transports || known)
    .map(t => typeof t === 'string' ? known.find(k => k.name === t) : t)
    .filter(t => !!t)
  if (!transports.length) throw failure('invalid', 'no transport')

  /** @param {string} now @param {object} [more] */
  const show = (now, more) => {
    if (status === now) return
    status = now
    events.emit(now, more)
    events.emit('status', now, more)
  }

  /** The conversation is ready when it has caught up with what was outstanding as the connection came. */
  const caughtUp = () => {
    const wire = net.live
    if (!/open|reconnected/.test(status) || wire?.mark === undefined) return
    if (talk.offset >= /** @type {number} */ (wire.at) && !talk.owes(wire.mark)) show('ready')
  }

  /**
   * Counts a try of the first message, once for each time that the network showed itself alive: a message that was not delivered
   * because there is no network must not be taken for one that kills instances.
   *
   * @param {number} n
   */
  const broke = n => {
    if (heard) talk.broke(n)
    heard = false
  }

  /** @param {string} code @param {string} why */
  const finish = (code, why) => {
    over = failure(code, why)
    page.abort()
    net.stop()
    out.reset()
    talk.fail(over)
    show('close', { code, why })
  }

  /** @param {number | undefined} n @param {string} why */
  const anew = (n, why) => {
    talk.renew(n)
    out.reset()
    const missed = topics.renew()
    for (const stream of ['', ...missed]) events.emit('lost', { stream, why })
  }

  /** Says that nothing more will come, and everything that was not said yet. @param {boolean} [leaving] the page is about to end */
  const goodbye = leaving => {
    if (!talk.met) return
    const wire = net.live
    const send = wire?.connection?.send
    talk.push('B', '')
    if (send) send(talk.lines(wire.sent).join('\n'))
    if (leaving || !send) {
      // A browser lets 64 KiB outlive the page.
      net.post('up', [out.credentials(), ...talk.lines(0, 256, 20_000)].join('\n'), undefined, true).catch(() => {})
    }
  }

  /** @param {import('./connection.js').Wire | undefined} wire @param {string} text */
  const frame = (wire, text) => {
    heard = true
    const f = parse(text)
    const { kind, fields: [a, b, c], payload } = f
    const value = () => new Promise(resolve => resolve(decode(payload))) // what cannot be decoded is a rejection
    const error = () => {
      const { code, message } = decode(payload)
      return failure(code, message)
    }
    if (/[rxeqsu]/.test(kind)) {
      if (!talk.moved(a)) return
      if (kind === 'r') talk.answer(+b, m => m.ok(value()))
      if (kind === 'x') talk.answer(+b, m => m.no(error()))
      if (kind === 'e') service.event(b, payload)
      if (kind === 'q') service.question(b, c, payload)
      if (/[su]/.test(kind)) topics.frame(f)
      talk.advance()
      if (a) out.heard(text.length)
    } else if (kind === 'l' && !a) {
      talk.lost(b)
      events.emit('lost', { stream: '', why: c })
    } else if (/[tjnl]/.test(kind)) {
      topics.frame(f)
    } else if (kind === 'a') {
      talk.took(+a, +b)
    } else if (kind === 'g' && wire) {
      wire.sent = +a - 1
    } else if (kind === 'v') {
      out.answer(a, v => v.ok(value()))
    } else if (kind === 'y') {
      out.answer(a, v => v.no(error()))
    } else if (kind === 'p' && wire?.connection?.send) {
      out.say()
    }
    out.schedule() // what took effect makes room
    caughtUp()
  }

  /** @param {import('./connection.js').Wire | undefined} wire @param {string} text */
  const handle = (wire, text) => {
    try {
      frame(wire, text)
    } catch (e) {
      events.report(e)
    }
  }

  const net = connector({
    url: new URL(url, globalThis.location?.href).href.replace(/\/$/, ''),
    transports,
    options,
    hooks: {
      hello(wire, auth, first) {
        const cursors = wire.told = topics.cursors()
        const hello = talk.hello({
          topics: Object.keys(cursors).length ? cursors : undefined,
          now: first && talk.met || undefined,
          auth,
          build: options.build
        })
        wire.attach = talk.attach
        out.said()
        return hello
      },
      welcome(wire, hello, first) {
        heard = true
        id = hello.id
        const again = talk.met
        talk.meet()
        topics.told(wire.told)
        talk.took(hello.in, hello.at)
        if (!first) return
        wire.at = hello.at
        if (!again) show('open')
        else if (/reconnect/.test(status)) show('reconnected')
        out.resume()
      },
      frame: handle,
      lost(wire, told) {
        out.lost(wire)
        if (!told) broke(wire.sent)
      },
      anew,
      stop: finish,
      attach: () => talk.attach,
      status: show
    }
  })

  const out = outbox({
    talk,
    net,
    frame: text => handle(undefined, text),
    broke,
    flushed() {
      if (net.live) net.live.mark ??= talk.last
      caughtUp()
    }
  })

  /** @type {typeof talk.push} */
  const push = (...message) => {
    const m = talk.push(...message)
    if (over) talk.fail(over)
    else out.schedule()
    return m
  }

  const topics = subscriptions({
    push: (kind, topic, no) => push(kind, ',' + topic, undefined, e => over || no(e)),
    drop: talk.drop,
    events
  })

  const service = services({
    push(...message) {
      const m = push(...message)
      return () => talk.drop(m)
    },
    pushVolatile: out.pushVolatile,
    socket: () => talk.key,
    maxFrame: options.maxFrame || 65 << 10,
    events
  })

  watch(page.signal, {
    online: net.round,
    visible: () => net.live || net.round(),
    leave() {
      goodbye(true)
      net.stop()
    },
    back() {
      anew(undefined, 'gone')
      show('reconnecting')
      net.start()
    }
  })
  queueMicrotask(() => over || net.start())

  return {
    /** The socket's id; empty before the first hello. */
    get id() { return id },

    /** connecting, open, ready, reconnecting, reconnected, reconnect_failed or close. */
    get status() { return status },

    /** Name of the transport in use; undefined while there is no connection. */
    get transport() { return net.live?.transport.name },

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
    on: events.on,

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
    service: service.service,

    /**
     * A topic. on listens to its entries, from the instant that the instance subscribed us (and before, as far as the topic gives its past); a
     * listener that comes later hears what comes later. The first listener subscribes, the end of the last one unsubscribes.
     *
     * @param {string} name as 'room/lobby'
     */
    topic: name => ({
      name,
      /** @param {(entry: any) => void} listener @returns {() => void} */
      on: listener => topics.listen(name, 'entries', listener)
    }),

    /**
     * A topic's state. on listens to its value: all of it, now if it is known, and after each change. A value is never changed afterwards.
     *
     * @param {string} name as 'people/lobby'
     */
    state: name => ({
      name,
      /** The value, if it is known. */
      get value() { return topics.get(name).value },
      /** @param {(value: any) => void} listener @returns {() => void} */
      on: listener => topics.listen(name, 'values', listener)
    }),

    /**
     * Goes over to another transport, or tries again after reconnect_failed. The connection in use lasts until the new one stands.
     *
     * @param {string} [name]
     */
    use: name => over || net.start(name),

    /** Says goodbye. What was called and not answered is sent along, and rejected with code 'closed'. */
    close() {
      if (over) return
      goodbye()
      finish('closed', '')
    }
  }
}
