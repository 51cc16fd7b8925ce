// @ts-check
/** @typedef {import('../client.js').Client} Client */
/** @typedef {import('../client.js').CallOptions} CallOptions */
/** @typedef {import('../types/app.js').Log} Log */
// An app is a client and its services' client halves. This is a part of its own: it uses of the client what every program can.

/**
 * What the methods of a service have in common.
 *
 * @typedef Joint
 * @property {Client} rt
 * @property {string} name the service's
 * @property {(value: any) => any} write makes a payload of a value
 * @property {(payload: any) => any} read
 * @property {Log} log
 */

/**
 * Begins a call, and returns what logs its end: how it went, never what it said.
 *
 * @param {Joint} joint
 * @param {string} message
 * @param {object} fields
 * @returns {(failed?: { error: any }) => void}
 */
const begin = ({ rt, name, log }, message, fields) => {
  const began = performance.now()
  return failed => log(failed ? 'warn' : 'debug', message, {
    service: name, ...fields, socket: rt.id, ms: Math.round(performance.now() - began), ...failed && { code: failed.error?.code || 'internal' }
  })
}

/**
 * The instance's half.
 *
 * @param {Joint} joint
 * @param {any} service
 * @param {{ volatile?: true }} [how]
 * @returns {any}
 */
const serverOf = (joint, service, how) => new Proxy({}, {
  get: (_, method) => method === 'volatile' ? serverOf(joint, service.volatile, { volatile: true })
    : service[method] && ((/** @type {any} */ value, /** @type {CallOptions} */ options) => {
      const end = begin(joint, 'call', { method, ...how })
      const answer = (async () => {
        try {
          const read = joint.read(await service[method](joint.write(value), options))
          end()
          return read
        } catch (error) {
          end({ error })
          throw error
        }
      })()
      if (how) answer.catch(() => {}) // it may be lost, and nobody has to care
      return answer
    })
})

/**
 * What the instance may call. An event's error must be thrown at once: nobody waits for a promise of it.
 *
 * @param {Joint} joint
 * @param {any} methods
 */
const handlersOf = (joint, methods) => new Proxy({}, {
  get: (_, method) => methods[method] && ((/** @type {any} */ payload) => {
    const end = begin(joint, 'called', { method })
    const done = (/** @type {any} */ value) => {
      const answer = joint.write(value)
      end()
      return answer
    }
    const failed = (/** @type {any} */ error) => {
      end({ error })
      throw error
    }
    try {
      const answer = methods[method](joint.read(payload))
      if (!answer?.then) return done(answer)
      return answer.then(done).catch(failed)
    } catch (error) {
      failed(error)
    }
  })
})

/** Logs what becomes of the conversation. @param {Client} rt @param {Log} log */
const follow = (rt, log) => {
  rt.on('status', (status, more) =>
    log(status === 'reconnect_failed' || more && more.code !== 'closed' ? 'warn' : 'info', 'status', { status, socket: rt.id, ...more }))
  rt.on('transport', transport => log('info', 'transport', { transport, socket: rt.id }))
  rt.on('lost', lost => log('warn', 'lost', { ...lost, socket: rt.id }))
  rt.on('error', error => log('error', 'error', { code: error.code, stream: error.stream, socket: rt.id, error }))
}

/**
 * Joins client halves to a client: see types/app.d.ts.
 *
 * @param {Client} rt
 * @param {Record<string, any>} halves
 * @param {{ log?: Log }} [options]
 * @returns {any}
 */
export const join = (rt, halves, options = {}) => {
  /** @type {Log} A log that fails must not take the conversation along. */
  const log = (...entry) => {
    try {
      options.log?.(...entry)
    } catch (e) {
      console.error(e)
    }
  }
  if (options.log) follow(rt, log)
  const { topic, state } = rt
  /** @type {Record<string, any>} */
  const app = {}
  for (const [name, half] of Object.entries(halves)) {
    const make = half?.default || half
    if (name === 'rt') throw new TypeError('no service of an app can be named rt: that is the client')
    if (make && typeof make !== 'function') throw new TypeError(`service ${name}: its client half exports no function as default`)
    const codec = half?.codec
    /** @type {Joint} */
    const joint = {
      rt,
      name,
      write: value => codec && value !== undefined ? codec.encode(value) : value,
      read: payload => codec && payload !== undefined ? codec.decode(payload) : payload,
      log
    }
    const server = serverOf(joint, rt.service(name))
    /** Without a log they go to the console. @param {'debug' | 'info' | 'warn' | 'error'} level */
    const own = level => (/** @type {string} */ message, /** @type {object} */ fields) =>
      (options.log ? log : (/** @type {any[]} */ ...[, ...entry]) => console[level](...entry))(level, message, { ...fields, service: name })
    app[name] = make?.({
      name,
      server,
      handle: (/** @type {object} */ methods) => { rt.service(name, handlersOf(joint, methods)) },
      topic,
      state,
      rt,
      log: { debug: own('debug'), info: own('info'), warn: own('warn'), error: own('error') }
    }) ?? server
  }
  return { ...app, rt }
}
