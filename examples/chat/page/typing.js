// @ts-check
const lasts = 4000 // ms

/** Who is typing. @param {HTMLElement} element */
export const marks = element => {
  /** @type {Map<string, string>} */
  const names = new Map() // by socket
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  const timers = new Map()

  const show = () => {
    const all = [...new Set(names.values())].map(name => `\u2068${name}\u2069`) // whichever way it is written
    element.textContent = all.length === 0 ? ''
      : all.length === 1 ? all[0] + ' is typing…'
      : all.length < 4 ? all.slice(0, -1).join(', ') + ' and ' + all.at(-1) + ' are typing…'
      : 'Several people are typing…'
  }

  /** @param {string} by */
  const end = by => {
    clearTimeout(timers.get(by))
    if (names.delete(by)) show()
  }

  return {
    end,

    /** @param {string} by @param {string} name */
    begin(by, name) {
      clearTimeout(timers.get(by))
      timers.set(by, setTimeout(end, lasts, by))
      names.set(by, name)
      show()
    },

    clear() {
      for (const by of [...names.keys()]) end(by)
    }
  }
}
