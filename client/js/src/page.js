// @ts-check
import { anew, goodbye } from './client.js'
import { disconnect, round } from './connection.js'
/** @typedef {import('./state.js').Client} Client */
// What a browser tells of the page and the network. Elsewhere there is nothing to be told, and nothing happens.

/** Nobody looks. */
export const hidden = () => globalThis.document?.hidden

/**
 * The transport that the tab had last, for its next page. Not every page may remember something.
 *
 * @param {string} [name] the one that it has now
 * @returns {string | undefined}
 */
export const last = name => {
  try {
    return name ? sessionStorage.sojourn = name : sessionStorage.sojourn
  } catch {}
}

/** @param {Client} c */
export const watch = c => {
  /** @param {string} type @param {(e: any) => void} f */
  const on = (type, f) => globalThis.addEventListener?.(type, f, { signal: c.watched.signal })
  on('online', () => round(c, [...c.choices]))
  on('visibilitychange', () => hidden() || !c.wires.size && !c.order[0] && round(c)) // unless a round is under way
  on('pagehide', () => {
    goodbye(c, true)
    disconnect(c)
  })
  on('pageshow', e => e.persisted && anew(c, 'gone'))
}
