// @ts-check

/**
 * Listeners by the name of what happens.
 */
export const emitter = () => {
  /** @type {Record<string, Set<(...args: any[]) => void>>} */
  const listeners = {}

  /**
   * Calls a function of the program. What it throws is not the client's business, and must not keep other listeners from
   * being called: it goes to the listeners of 'error', or to the console.
   *
   * @param {(...args: any[]) => any} f
   * @param {any[]} args
   */
  const call = (f, ...args) => {
    try {
      f(...args)
    } catch (e) {
      report(e)
    }
  }

  /** @param {any} error */
  const report = error => {
    if (listeners.error?.size) for (const f of listeners.error) f(error)
    else console.error(error)
  }

  return {
    call,
    report,

    /**
     * @param {string} type
     * @param {(...args: any[]) => void} f
     */
    on(type, f) {
      const set = listeners[type] ||= new Set()
      const entry = (/** @type {any[]} */ ...args) => f(...args) // the same function may listen twice
      set.add(entry)
      return () => { set.delete(entry) }
    },

    /**
     * @param {string} type
     * @param {any[]} args
     */
    emit(type, ...args) {
      for (const f of listeners[type] || []) call(f, ...args)
    }
  }
}
