// @ts-check
// The note that is pinned up in the room.

import { $, write } from './line.js'

const most = 200 // characters

/** @param {unknown} text as somebody published it */
export const showNote = text => {
  const note = typeof text === 'string' ? text.slice(0, most) : ''
  const place = $('#note')
  place.hidden = !note
  $('#note-text').replaceChildren()
  write($('#note-text'), note)
  if (document.activeElement !== $('#new-note')) $('#new-note').value = note
}
