// @ts-check
// What we say. It stands below the log until it comes back as a line of the room, or we go to another; what is refused stands there in every room.

import { $, bubble, make } from './line.js'
import { grown, toNewest } from './log.js'

const pause = 2000 // ms between two signs that we type

/** @typedef {{ room: string, from: string, text: string }} Saying what we say: where, and under which name */

/**
 * @param {object} o
 * @param {(text: string) => Saying} o.sayingOf as we are here
 * @param {() => void} o.said something was said
 * @param {() => void} o.typing
 * @param {(saying: Saying) => Promise<void>} o.say
 * @param {(room: string) => void} o.go
 */
export const composer = o => {
  const list = $('#pending')
  const box = $('#text')
  /** @type {Map<HTMLElement, Saying>} */
  const coming = new Map() // what may still come back in this room
  /** @type {Set<HTMLElement>} */
  const unsaid = new Set() // what is not known to have been said, in any room
  let marked = 0 // when we last told that we type
  let shift = false

  /** @param {string} text */
  const say = text => {
    const saying = o.sayingOf(text)
    const element = bubble(saying, true)
    coming.set(element, saying)
    unsaid.add(element)
    list.append(element)
    toNewest()
    o.said()
    o.say(saying).then(() => unsaid.delete(element), e => unsaid.has(element) && refuse(element, saying, e))
  }

  /** @param {HTMLElement} element */
  const forget = element => {
    coming.delete(element)
    unsaid.delete(element)
    element.remove()
  }

  /**
   * Offers to say again, in its room, what was not said, or is not known to have been.
   *
   * @param {HTMLElement} element
   * @param {Saying} saying
   * @param {import('../types').sojourn.Failure} e
   */
  const refuse = (element, { room, text }, e) => {
    const doubt = /gone|unknown/.test(e.code)
    const why = make('p', '', doubt ? `It is not known whether this was said in \u2068${room}\u2069.` : `Not said in \u2068${room}\u2069: ${e.message}`)
    const again = make('button', '', 'Say it again')
    const drop = make('button', '', 'Drop it')
    again.onclick = () => {
      forget(element)
      o.go(room)
      say(text)
    }
    drop.onclick = () => forget(element)
    if (!doubt) coming.delete(element)
    element.classList.add('failed')
    element.append(why, again, drop)
    if (!element.isConnected) list.append(element)
    grown()
  }

  $('#say').addEventListener('submit', (/** @type {Event} */ e) => {
    e.preventDefault()
    const text = box.value.trim()
    box.value = ''
    box.focus()
    marked = 0
    if (text) say(text)
  })
  box.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => { shift = e.shiftKey })
  box.addEventListener('beforeinput', (/** @type {InputEvent} */ e) => { // not keydown: a phone's keyboard need not tell of keys, and Enter may end a composition
    if (e.inputType !== 'insertLineBreak' || shift) return
    e.preventDefault()
    $('#say').requestSubmit()
  })
  box.addEventListener('input', () => {
    if (!box.value || Date.now() - marked < pause) return
    marked = Date.now()
    o.typing()
  })

  // What is typed half is there again after a reload; what waits would be gone with the tab.
  box.value = sessionStorage.getItem('draft') || ''
  document.addEventListener('visibilitychange', () => sessionStorage.setItem('draft', box.value))
  addEventListener('beforeunload', e => {
    if (unsaid.size) e.preventDefault()
  })

  return {
    /** A line came, which may be ours. @param {{ from: string, text: string }} line */
    came(line) {
      for (const [element, saying] of coming) {
        if (saying.from === line.from && saying.text === line.text) return forget(element)
      }
    },

    /** We are in another room. */
    moved() {
      for (const element of coming.keys()) if (!element.classList.contains('failed')) element.remove()
      coming.clear()
    }
  }
}
