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
  // Not by its close event, which comes with the next frame: it may be asked again by then.
  dialog.onsubmit = (/** @type {SubmitEvent} */ e) => resolve(/** @type {any} */ (e.submitter)?.value === 'remove')
  dialog.oncancel = () => resolve(false)
  dialog.showModal()
})
