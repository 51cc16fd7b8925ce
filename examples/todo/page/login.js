// @ts-check
// Shows who was logged out what is not saved of what was typed in this tab. After the log-in the page asks what shall become of it.

import { $, make } from './dom.js'
import { recall, remember } from './tab.js'

const typed = /** @type {import('./words.js').Words[]} */ (recall('words', []))
for (const w of typed) w.why ||= { code: 'closed', message: 'You were logged out before it was saved.' }
remember('words', typed)
$('#kept').hidden = !typed.length
$('#kept ul').replaceChildren(...typed.map(w => make('li', { textContent: w.text })))
$('#forget').onclick = () => {
  remember('words', [])
  $('#kept').hidden = true
  $('[name=name]').focus()
}
