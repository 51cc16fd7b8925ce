// @ts-check
// What the tab remembers, over reloads and log-ins. Not every page may: one that may not remembers as long as it lives.

/** @param {string} name @param {any} otherwise if nothing is remembered @returns {any} */
export const recall = (name, otherwise) => {
  try {
    return JSON.parse(sessionStorage.getItem('todo-' + name) || 'null') ?? otherwise
  } catch {
    return otherwise
  }
}

/** @param {string} name @param {any} value */
export const remember = (name, value) => {
  try {
    sessionStorage.setItem('todo-' + name, JSON.stringify(value))
  } catch {}
}
