// @ts-check
import { decode, encode, failure } from './frames.js'

/**
 * @typedef CallOptions
 * @property {AbortSignal} [signal] gives the call up. A message that was sent already takes effect all the same
 * @property {number} [timeout] milliseconds after which the call is given up
 */

/**
 * A promise that something begun will settle, unless the caller gives it up before.
 *
 * @param {CallOptions | undefined} options
 * @param {(ok: (value?: any) => void, no: (e: Error) => void) => () => void} begin returns what takes it back
 * @returns {Promise<any>}
 */
const request = ({ signal, timeout } = {}, begin) => new Promise((resolve, reject) => {
  if (signal?.aborted) throw failure('aborted')
  const abort = () => give('aborted')
  const timer = timeout && setTimeout(() => give('timeout'), timeout)
  const end = (/** @type {(v: any) => void} */ settle) => (/** @type {any} */ v) => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    settle(v)
  }
  const back = begin(end(resolve), end(reject))
  const give = (/** @type {string} */ code) => {
    back()
    end(reject)(failure(code))
  }
  signal?.addEventListener('abort', abort)
})

/**
 * An object whose every property is a method of the service.
 *
 * @param {(method: string, value: any, options?: CallOptions) => Promise<any>} send
 * @param {object} [own] properties that are not
 * @returns {any}
 */
const methods = (send, own) => new Proxy({ __proto__: null, then: undefined, ...own }, { // then: it is not a promise
  get: (/** @type {any} */ target, name) => typeof name !== 'string' || name in target
    ? target[name]
    : (/** @type {any} */ value, /** @type {CallOptions} */ options) => send(name, value, options)
})

/**
 * Both halves of services: what the page calls, and what it lets the instance call.
 *
 * @param {object} o
 * @param {(kind: string, body: string, ok?: (v?: any) => void, no?: (e: Error) => void) => () => void} o.push sends a message; returns what takes it back
 * @param {(body: string, ok: (v?: any) => void, no: (e: Error) => void) => () => void} o.pushVolatile the same, without a number
 * @param {() => unknown} o.socket tells one socket from the next
 * @param {number} o.maxFrame bytes
 * @param {ReturnType<import('./events.js').emitter>} o.events
 */
export const services = ({ push, pushVolatile, socket, maxFrame, events }) => {
  /** @type {Map<string, any>} */
  const halves = new Map()

  /** Finds what the page lets the instance call. @param {string} method */
  const find = method => {
    const [service, name] = method.split('.')
    const half = halves.get(service)
    return typeof half?.[name] === 'function' && ((/** @type {any} */ value) => half[name](value))
  }

  /** Refuses here what the instance would end the conversation for. @param {string} body */
  const fit = body => {
    if (body.length * 3 > maxFrame - 64 && new TextEncoder().encode(body).length > maxFrame - 64) throw failure('too_big')
    return body
  }

  return {
    /** @param {string} name @param {object} [half] */
    service(name, half) {
      if (half) halves.set(name, half)
      return methods(
        (method, value, options) => request(options, (ok, no) => push('C', fit(`,${name}.${method}${encode(value)}`), ok, no)),
        {
          volatile: methods((method, value, options) => {
            const sent = request(options, (ok, no) => pushVolatile(fit(`,${name}.${method}${encode(value)}`), ok, no))
            sent.catch(() => {}) // it may be lost, and nobody has to care
            return sent
          })
        })
    },

    /** @param {string} method @param {string} payload */
    event(method, payload) {
      const f = find(method)
      if (f) events.call(f, decode(payload))
    },

    /** @param {string} ask @param {string} method @param {string} payload */
    async question(ask, method, payload) {
      const asker = socket()
      let kind = 'R'
      let answer
      try {
        const f = find(method)
        if (!f) throw failure('not_found', 'no method ' + method + ' on this page')
        answer = fit(encode(await f(decode(payload))))
      } catch (/** @type {any} */ e) {
        kind = 'X'
        answer = encode({ code: /^[a-z_]+$/.test(e?.code) ? e.code : 'internal', message: String(e?.message ?? e) })
      }
      if (asker === socket()) push(kind, ',' + ask + answer)
    }
  }
}
