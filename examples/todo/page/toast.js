// @ts-check
import { $, make } from './dom.js'

const stays = 12_000 // ms

/**
 * Tells something for a while, and perhaps what can be done about it.
 *
 * @param {string} text
 * @param {string} [action]
 * @param {() => void} [act]
 */
export const toast = (text, action, act) => {
  const element = make('div', { className: 'toast' }, make('span', { textContent: text }))
  const end = () => element.remove()
  let timer = setTimeout(end, stays)
  if (action) {
    element.append(make('button', { type: 'button', textContent: action, onclick: () => { end(); act?.() } }))
  }
  element.append(make('button', { type: 'button', textContent: '×', ariaLabel: 'Close', onclick: end }))
  element.onfocusin = element.onpointerenter = () => clearTimeout(timer) // it waits for who is about to use it
  element.onfocusout = element.onpointerleave = () => { timer = setTimeout(end, stays) }
  $('#toasts').append(element)
  while ($('#toasts').childElementCount > 3) $('#toasts').firstElementChild.remove()
}
