// @ts-check
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Listener} Listener */

/**
 * Adds a listener.
 *
 * @param {Client} c
 * @param {string} event
 * @param {Listener} listener
 * @returns {() => void} ends it
 */
export const listen = (c, event, listener) => {
  const all = c.listeners[event] ||= new Set()
  all.add(listener)
  return () => { all.delete(listener) }
}

/**
 * Calls functions of the program. What one throws is not the client's business, and must not keep the others from being called.
 *
 * @param {Client} c
 * @param {Iterable<Listener> | undefined} all
 * @param {any} [a]
 * @param {any} [b]
 */
export const callAll = (c, all, a, b) => {
  for (const f of all || []) {
    try {
      f(a, b)
    } catch (e) {
      report(c, e)
    }
  }
}

/**
 * @param {Client} c
 * @param {string} event
 * @param {any} a
 * @param {any} [b]
 */
export const emit = (c, event, a, b) => callAll(c, c.listeners[event], a, b)

/**
 * Tells of an error that no promise can tell of.
 *
 * @param {Client} c
 * @param {any} error
 */
export const report = (c, error) => {
  for (const f of c.listeners.error?.size ? c.listeners.error : [console.error]) f(error)
}

/**
 * Shows a status.
 *
 * @param {Client} c
 * @param {import('../client.js').Status} status
 * @param {object} [more]
 */
export const show = (c, status, more) => {
  if (c.shown === status) return
  c.shown = status
  emit(c, status, more)
  emit(c, 'status', status, more)
}
