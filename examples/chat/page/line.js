// @ts-check
// What the page is made of: elements, and lines that somebody said.

/** @param {string} selector @returns {any} */
export const $ = selector => document.querySelector(selector)

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [name] its class
 * @param {string} [text]
 */
export const make = (tag, name = '', text = '') => {
  const element = document.createElement(tag)
  element.className = name
  element.textContent = text
  return element
}

/** A number that belongs to a name, for its colour. @param {string} name */
const hue = name => [...name].reduce((n, c) => (n * 31 + c.charCodeAt(0)) % 360, 7)

/** Appends text to an element, with what looks like a link as one. @param {HTMLElement} element @param {string} text */
export const write = (element, text) => {
  for (const [i, part] of text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)])/).entries()) {
    if (i % 2 === 0) {
      element.append(part)
      continue
    }
    const link = make('a', '', part)
    link.href = part
    link.target = '_blank'
    link.rel = 'noopener noreferrer'
    element.append(link)
  }
}

/** @param {{from: string, text: string, at?: number}} line which is nobody's if it is an announcement @param {boolean} mine */
export const bubble = (line, mine) => {
  const element = make('li', mine ? 'line mine' : line.from ? 'line' : 'line announced')
  const from = make('span', 'from', line.from || 'Announcement')
  element.dir = from.dir = 'auto' // each as it is written: what has its own does not count for the line
  if (line.from) from.style.setProperty('--hue', String(hue(line.from)))
  const text = make('span', 'text')
  write(text, line.text)
  element.append(from, text)
  if (line.at) {
    const at = new Date(line.at)
    const time = make('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
    time.dateTime = at.toISOString()
    time.dir = 'auto'
    element.append(time)
  }
  return element
}
