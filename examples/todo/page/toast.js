// @ts-check
import { $, make } from './dom.js'

const stays = 12_000 // ms

/**
 * Tells something for a while, and perhaps what can be done about it: Ctrl+Z does so too, since the way to the button may be long.
 *
 * @param {string} text
 * @param {string} [action]
 * @param {() => void} [act]
 */
export const toast = (text, action, act) => {
  const element = make('div', { className: 'toast' }, make('span', { textContent: text }))
  let before = $('#title') // where the focus was
  const end = () => {
    if (element.contains(document.activeElement)) (before.isConnected ? before : $('#title')).focus()
    element.remove()
  }
  let timer = 0
  const waits = () => clearTimeout(timer) // for who is about to use it
  const goes = () => {
    waits()
    timer = setTimeout(end, stays)
  }
  if (action) {
    element.append(make('button', { type: 'button', className: 'act', ariaKeyShortcuts: 'Control+Z', textContent: action, onclick: () => { end(); act?.() } }))
  }
  element.append(make('button', { type: 'button', textContent: '×', ariaLabel: 'Close', onclick: end }))
  element.addEventListener('focusin', (/** @type {FocusEvent} */ e) => {
    waits()
    if (!element.contains(e.relatedTarget)) before = e.relatedTarget || before
  })
  element.addEventListener('focusout', goes)
  element.addEventListener('pointerenter', waits)
  element.addEventListener('pointerleave', goes)
  goes()
  $('#toasts').append(element)
  while ($('#toasts').childElementCount > 3) $('#toasts').firstElementChild.remove()
}

addEventListener('keydown', e => {
  const act = [...document.querySelectorAll('.toast .act')].at(-1)
  const typing = document.activeElement?.matches('textarea, input:not([type=checkbox])') // has an undo of its own
  if (!(act instanceof HTMLElement) || typing || e.key !== 'z' || !(e.ctrlKey || e.metaKey)) return
  e.preventDefault()
  act.click()
})
