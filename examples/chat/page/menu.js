// @ts-check
// The menu that rooms, people and settings are in where the window is narrow. A wide one shows them anyway.

import { $ } from './line.js'

/** @param {boolean} open */
export const menu = open => {
  document.body.classList.toggle('menu', open)
  $('#menu').ariaExpanded = String(open)
  $('#shade').hidden = !open
}

const isOpen = () => document.body.classList.contains('menu')

$('#menu').onclick = () => menu(!isOpen())
$('#shade').onclick = () => menu(false)
addEventListener('keydown', e => {
  if (e.key !== 'Escape' || !isOpen()) return
  menu(false)
  $('#menu').focus()
})
