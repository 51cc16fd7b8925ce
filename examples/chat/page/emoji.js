// @ts-check
// Names of emoji, as they are typed: ":smi" shows what it may become, ":smile:" becomes it.

import { $, make } from './line.js'

const begun = /(?:^|\s):([\p{L}\d_+-]{2,})$/u
const ended = /(?:^|\s):([\p{L}\d_+-]{2,}):$/u

/**
 * Offers emoji in a box while their names are typed.
 *
 * @param {HTMLTextAreaElement} box
 * @param {(word: string) => Promise<import('../types').Emoji[] | null>} find
 */
export const offerEmoji = (box, find) => {
  const list = $('#emoji')
  let chosen = 0 // which of those that are offered

  const before = () => box.value.slice(0, box.selectionStart)
  const nameBegun = () => begun.exec(before())?.[1]
  const isOpen = () => !list.hidden

  const close = () => {
    list.hidden = true
    list.replaceChildren()
    box.removeAttribute('aria-activedescendant')
  }

  /** @param {number} at */
  const choose = at => {
    const all = [...list.children]
    chosen = (at + all.length) % all.length
    all.forEach((option, i) => { option.ariaSelected = String(i === chosen) })
    box.setAttribute('aria-activedescendant', all[chosen].id)
  }

  /** Puts an emoji in the place of the name that was begun. @param {string} char */
  const take = char => {
    if (nameBegun()) box.setRangeText(char + ' ', before().lastIndexOf(':'), box.selectionStart, 'end')
    close()
  }

  /** @param {import('../types').Emoji[]} found */
  const offer = found => {
    close()
    if (!found.length) return
    list.replaceChildren(...found.map(({ char, name }, i) => {
      const option = make('li')
      option.append(make('span', '', char), ' ' + name)
      option.id = 'emoji-' + i
      option.role = 'option'
      option.onmousedown = e => e.preventDefault() // the box keeps the focus, and a phone its keyboard
      option.onclick = () => take(char)
      return option
    }))
    list.hidden = false
    choose(0)
  }

  box.addEventListener('input', async () => {
    const whole = ended.exec(before())?.[1]
    const word = whole || nameBegun()
    if (!nameBegun()) close()
    if (!word) return
    const found = await find(word).catch(() => null) || [] // without a connection nothing is offered
    if (!whole) return word === nameBegun() && offer(found)
    const at = box.value.indexOf(`:${whole}:`) // by now more may have been typed
    const end = at + whole.length + 2
    if (found[0]?.name === whole && at >= 0) box.setRangeText(found[0].char, at, end, box.selectionStart === end ? 'end' : 'preserve')
  })

  /** @type {{ [key: string]: () => void }} */
  const keys = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => choose(chosen - 1),
    Tab: () => list.children[chosen].click(),
    Escape: close
  }
  box.addEventListener('keydown', e => {
    if (!isOpen() || !Object.hasOwn(keys, e.key) || e.shiftKey || e.isComposing) return
    e.preventDefault()
    keys[e.key]()
  })
  box.addEventListener('beforeinput', e => { // before it says what is typed, and as that does: a phone's Enter need not be a key
    if (!isOpen() || e.inputType !== 'insertLineBreak') return
    e.preventDefault()
    e.stopImmediatePropagation()
    list.children[chosen].click()
  }, { capture: true })
  box.addEventListener('blur', close)
  $('#say').addEventListener('submit', close)
}
