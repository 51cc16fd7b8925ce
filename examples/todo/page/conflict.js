// @ts-check
import { $ } from './dom.js'

/** The item that the dialog is about. @type {string | undefined} */
let open

/**
 * Somebody else has changed an item while we did: shows both texts, and lets us choose. Ours can be edited.
 *
 * @param {string} id
 * @param {string} mine
 * @param {string} why
 * @returns {Promise<string | undefined>} our text, if we want it; undefined: theirs stays
 */
export const settle = (id, mine, why) => new Promise(resolve => {
  const dialog = $('#conflict')
  open = id
  $('#conflict-why').textContent = why
  $('#mine').value = mine
  dialog.returnValue = ''
  dialog.showModal()
  $('#mine').focus()
  dialog.onclose = () => {
    open = undefined
    resolve(dialog.returnValue === 'mine' ? $('#mine').value : undefined)
  }
})

/** Shows their text as it is now. @param {{ id: string, text: string }[]} items */
export const showTheirs = items => {
  if (open) $('#theirs').value = items.find(item => item.id === open)?.text ?? '(removed)'
}
