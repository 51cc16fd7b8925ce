// @ts-check
// What a browser tells of the page and the network. Elsewhere there is nothing to be told, and nothing happens.

/** No network: an attempt is in vain. */
export const offline = () => globalThis.navigator?.onLine === false

/** Nobody looks. */
export const hidden = () => globalThis.document?.visibilityState === 'hidden'

/**
 * @param {AbortSignal} signal ends it
 * @param {object} f
 * @param {() => void} f.online
 * @param {() => void} f.visible
 * @param {() => void} f.leave the page is closed, or put away
 * @param {() => void} f.back it was put away, and is back
 */
export const watch = (signal, { online, visible, leave, back }) => {
  /** @param {EventTarget | undefined} target @param {string} type @param {(e: any) => void} f */
  const on = (target, type, f) => target?.addEventListener?.(type, f, { signal })
  on(/** @type {any} */ (globalThis), 'online', online)
  on(globalThis.document, 'visibilitychange', () => hidden() || visible())
  on(/** @type {any} */ (globalThis), 'pagehide', leave)
  on(/** @type {any} */ (globalThis), 'pageshow', e => e.persisted && back())
}
