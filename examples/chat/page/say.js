// @ts-check
// What we say. It stands below the log until it comes back as a line of the room.

import { $, bubble, make } from './line.js'
import { grown, toNewest } from './log.js'

const pause = 2000 // ms between two signs that we type

/**
 * @param {object} o
 * @param {(text: string) => Parameters<typeof bubble>[0]} o.bubbleOf the line as it will be
 * @param {() => void} o.said something was said
 * @param {() => void} o.typing
 * @param {(text: string) => Promise<void>} o.say
 */
export const composer = o => {
  const list = $('#pending')
  const box = $('#text')
  /** @type {WeakMap<Element, string>} */
  const waiting = new WeakMap() // what each says
  let marked = 0 // when we last told that we type
  let shift = false

  /** @param {string} text */
  const say = text => {
    const element = bubble(o.bubbleOf(text), true)
    waiting.set(element, text)
    list.append(element)
    toNewest()
    o.said()
    o.say(text).catch(e => element.isConnected && refuse(element, text, e))
  }

  /**
   * Offers to say again what was not said, or is not known to have been.
   *
   * @param {HTMLElement} element
   * @param {string} text
   * @param {import('../types').sojourn.Failure} e
   */
  const refuse = (element, text, e) => {
    const why = make('p', '', /gone|unknown/.test(e.code) ? 'It is not known whether this was said.' : 'Not said: ' + e.message)
    const again = make('button', '', 'Say it again')
    const drop = make('button', '', 'Drop it')
    again.onclick = () => {
      element.remove()
      say(text)
    }
    drop.onclick = () => element.remove()
    element.classList.add('failed')
    element.append(why, again, drop)
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

  return {
    /** Our line came back. @param {string} text */
    said(text) {
      [...list.children].find(element => waiting.get(element) === text)?.remove()
    },

    /** We are in another room. */
    clear() {
      list.replaceChildren()
    }
  }
}
