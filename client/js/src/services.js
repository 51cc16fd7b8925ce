// @ts-check
import { add, drop } from './conversation.js'
import { encode, failure } from './frames.js'
import { maxBytes, maxQueue } from './limits.js'
import { addLoose, schedule } from './outbox.js'
/** @typedef {import('./state.js').Client} Client */

/**
 * @typedef CallOptions
 * @property {AbortSignal} [signal] gives the call up. A message that was sent already takes effect all the same
 * @property {number} [timeout] milliseconds after which the call is given up
 */

/**
 * A promise that something begun will settle, unless the caller gives it up before.
 *
 * @param {CallOptions | undefined} options
 * @param {(yes: (value?: any) => void, no: (e: Error) => void) => () => unknown} begin returns what takes it back
 * @returns {Promise<any>}
 */
const request = ({ signal, timeout } = {}, begin) => new Promise((yes, no) => {
  if (signal?.aborted) throw failure('aborted')
  const end = (/** @type {(v: any) => void} */ f) => (/** @type {any} */ v) => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
    f(v)
  }
  const back = begin(end(yes), end(no))
  const giveUp = (/** @type {Event} */ aborted) => {
    back()
    end(no)(failure(aborted ? 'aborted' : 'timeout'))
  }
  const timer = timeout && setTimeout(giveUp, timeout)
  signal?.addEventListener('abort', giveUp)
})

/** Refuses here what the instance would end the conversation for. @param {Client} c @param {string} header @param {any} value */
const fit = (c, header, value) => {
  const rest = header + encode(value)
  if (new Blob([rest]).size > (c.settings.maxFrame || maxBytes)) throw failure('too_big')
  return rest
}

/**
 * An object whose every property is a method of the service, but for volatile, which is another such object.
 *
 * @param {Client} c
 * @param {string} name
 * @param {boolean} [volatile]
 * @returns {any}
 */
export const service = (c, name, volatile) => new Proxy({}, {
  get: (_, method) => method === 'volatile' ? service(c, name, true)
    : typeof method === 'string' && method !== 'then' // or await would take it for a promise
      ? (/** @type {any} */ value, /** @type {CallOptions} */ options) => {
          const sent = request(options, (yes, no) => {
            if (c.over) throw c.over
            const rest = fit(c, `,${name}.${method}`, value)
            if (c.pending.length + c.loose.size >= (c.settings.maxQueue || maxQueue)) throw failure('full')
            if (volatile) return addLoose(c, rest, yes, no)
            const m = add(c, 'C', rest, yes, no)
            schedule(c)
            return () => drop(c, m)
          })
          if (volatile) sent.catch(() => {}) // it may be lost, and nobody has to care
          return sent
        }
      : undefined
})

/** Calls what the page lets the instance call. @param {Client} c @param {string} path @param {any} value */
export const call = (c, path, value) => {
  const [name, method] = path.split('.')
  const half = c.halves.get(name)
  if (!half?.[method]) throw failure('not_found', path)
  return half[method](value)
}

/** @param {Client} c @param {string} ask @param {string} path @param {any} value */
export const question = async (c, ask, path, value) => {
  const { secret } = c
  const header = ',' + ask
  let letter = 'R'
  let rest
  try {
    rest = fit(c, header, await call(c, path, value))
  } catch (/** @type {any} */ e) {
    letter = 'X'
    rest = header + encode({ code: /^[a-z_]+$/.test(e?.code || 0) ? e.code : 'internal', message: e?.message })
  }
  if (secret !== c.secret) return // the one who asked is gone
  add(c, letter, rest)
  schedule(c)
}
