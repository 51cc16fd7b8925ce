// @ts-check
// What was said, as the page shows it. A line that comes twice (a room's past comes again with a new subscription) is shown once.

import { $, bubble, make } from './line.js'

const most = 500 // lines that the page keeps
const old = 3000 // ms: a line that comes later than this after it was said was said while we were away

/** The place of the lines: where it is scrolled to, and what is below. */
const scroll = $('#scroll')
const newest = $('#newest')
let below = true // the newest line is in view, and shall stay so
let top = 0 // where it was scrolled to

export const toNewest = () => {
  below = true
  newest.hidden = true
  scroll.scrollTop = scroll.scrollHeight
}
scroll.addEventListener('scroll', () => {
  // The event comes a frame late: lines that were added since do not mean that somebody scrolled up.
  if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40) below = true
  else if (scroll.scrollTop < top) below = false
  top = scroll.scrollTop
  if (below) newest.hidden = true
}, { passive: true })
newest.addEventListener('click', toNewest)
new ResizeObserver(() => below && toNewest()).observe(scroll)

let frame = 0 // in which the page is scrolled

/** Something was added at the end. Once for all that comes before the page is drawn: to ask for its height is to have it laid out. */
export const grown = () => {
  frame ||= requestAnimationFrame(() => {
    frame = 0
    if (below) toNewest()
    else newest.hidden = false
  })
}

/**
 * The log of one room. It knows what was seen in the room before, also before the page was reloaded.
 *
 * @param {string} room
 * @param {(line: import('../types').Line) => boolean} isMine
 */
export const open = (room, isMine) => {
  const list = $('#log')
  const key = 'seen ' + room
  const shown = new Set() // ids
  let seen = Number(localStorage.getItem(key)) || 0 // when the newest line was said that somebody looked at
  /** @type {import('../types').Line | undefined} */
  let last // the line before
  /** @type {HTMLElement | undefined} */
  let divider // above what was missed last
  let away = true // what is missed next begins anew
  let doubt = '' // why lines may be lost here
  list.replaceChildren()
  toNewest()

  /** @param {string} kind @param {string} text */
  const note = (kind, text) => {
    const element = make('li', 'note ' + kind, text)
    list.append(element)
    last = undefined
    return element
  }

  /** Somebody looks at what there is. */
  const look = () => {
    if (document.hidden || !last) return
    seen = Math.max(seen, last.at)
    localStorage.setItem(key, String(seen))
  }

  return {
    look,

    /** Something went wrong. @param {string} text */
    fail(text) {
      note('lost', text)
      grown()
    },

    /** Lines that came before the next one may be lost. @param {string} why */
    lost(why) {
      doubt = why
    },

    /** Nobody looks, or nothing comes: what comes later was missed, unless there are such lines already. */
    leave() {
      if (!last || last.at <= seen) away = true
    },

    /** What was missed has been read. */
    read() {
      divider?.remove()
      divider = undefined
    },

    /**
     * Shows a line; false if it is shown already.
     *
     * @param {import('../types').Line} line
     * @param {number} now the server's time
     */
    add(line, now) {
      const fresh = !shown.has(line.id)
      // The room's past reaches back to what is shown, so nothing is lost; or it does not.
      if (doubt && fresh && shown.size) note('lost', `lines may be missing here (${doubt})`)
      doubt = ''
      if (!fresh) return false
      shown.add(line.id)
      if (shown.size > most) shown.delete(shown.keys().next().value)
      const mine = isMine(line)
      if (away && !mine && seen && line.at > seen && (document.hidden || now - line.at > old)) {
        divider?.remove()
        divider = note('missed', 'while you were away')
        away = false
      }
      const element = bubble(line, mine)
      if (line.from && last?.from === line.from && line.at - last.at < 300_000) element.classList.add('same')
      list.append(element)
      last = line
      while (list.childElementCount > most) list.firstElementChild.remove()
      grown()
      look()
      return true
    }
  }
}
