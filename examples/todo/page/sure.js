// @ts-check
import { $ } from './dom.js'

/**
 * Asks before a list is removed.
 *
 * @param {string} question
 * @returns {Promise<boolean>}
 */
export const sure = question => new Promise(resolve => {
  const dialog = $('#removing')
  $('#removing-title').textContent = question
  dialog.returnValue = ''
  dialog.showModal()
  dialog.onclose = () => resolve(dialog.returnValue === 'remove')
})
