// @ts-check
import { anew, goodbye } from './client.js'
import { disconnect, round } from './connection.js'
/** @typedef {import('./state.js').Client} Client */
// What a browser tells of the page and the network. Elsewhere there is nothing to be told, and nothing happens.

/** No network: an attempt is in vain. */
export const offline = () => globalThis.navigator?.onLine === false

/** Nobody looks. */
export const hidden = () => globalThis.document?.hidden

/** @param {Client} c */
export const watch = c => {
  /** @param {any} target @param {string} type @param {(e: any) => void} f */
  const on = (target, type, f) => target?.addEventListener?.(type, f, { signal: c.watched.signal })
  on(globalThis, 'online', () => round(c))
  on(globalThis.document, 'visibilitychange', () => hidden() || c.live || round(c))
  on(globalThis, 'pagehide', () => {
    goodbye(c, true)
    disconnect(c)
  })
  on(globalThis, 'pageshow', e => e.persisted && anew(c, 'gone'))
}
