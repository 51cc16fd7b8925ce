// @ts-check
// Asks what shall become of words that were refused: one after another, and not while somebody types.

import { $, quoted } from './dom.js'

/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./words.js').Text} Text */

/** @typedef {{ list: string, name?: string }} Place the list where words would go, if they shall be all the same; '' if there is none */

/** @typedef {{ refused(): Words[], why(w: Words): string, retype(w: Words, text: string): void, place(w: Words, now?: Text): Place, insist(w: Words, now: Text | undefined, list: string): void, drop(w: Words): void }} Acts */

/** Whoever types must not find the next letter elsewhere. */
const typing = () => {
  const at = /** @type {any} */ (document.activeElement)
  return !!at?.matches('textarea, input:not([type=checkbox])') && at.value !== ''
}

/**
 * @param {Acts} acts
 * @param {(w: Words, show: (now?: Text) => void) => () => void} watch shows what is in the place of words, when that is known and whenever it changes, until what it returns is called
 * @returns {() => void} to be called when there may be something to ask
 */
export const asking = (acts, watch) => {
  const dialog = $('#conflict')
  const button = $('#unsaved')
  const later = new Set() // what was put off
  /** @type {(() => void) | undefined} */
  let asked // and not answered, since the dialog tells of its end a little later: asks as it is now

  /** @param {Words} w @param {Text | undefined} now @param {Place} place */
  const explain = (w, now, place) => {
    const theirs = !w.fresh && !w.seen.includes(now?.rev || '')
    $('#conflict-title').textContent = !theirs ? 'This is not saved' : now ? 'This was changed meanwhile' : 'This was removed meanwhile'
    $('#conflict-why').textContent = acts.why(w) + (place.list ? '' : '. Make a list first, and then try again.')
    $('#theirs').value = now?.text ?? '(removed)'
    $('#theirs').parentElement.hidden = !theirs
    const elsewhere = place.list !== w.list && place.name
    $('#conflict [value=mine]').textContent = elsewhere ? `Add to ${quoted(elsewhere)}` : theirs ? 'Use mine' : 'Try again'
    $('#conflict [value=theirs]').textContent = theirs ? 'Keep theirs' : 'Let it go'
  }

  /** @param {Words} w */
  const ask = w => {
    /** @type {Text | undefined} */
    let now
    let known = false // what ours would take the place of
    let { list } = w // where they go
    const check = () => { $('#conflict [value=mine]').disabled = !known || !list || !$('#mine').value.trim() }
    asked = () => {
      const place = known ? acts.place(w, now) : w
      list = place.list
      explain(w, known ? now : { rev: '', text: '' }, place)
      check()
    }
    $('#mine').value = w.text
    $('#mine').maxLength = (w.id ? $('#new-item') : $('#new-list')).maxLength
    $('#mine').oninput = () => {
      acts.retype(w, $('#mine').value.trim() || w.text)
      check()
    }
    asked()
    dialog.returnValue = ''
    dialog.showModal()
    $('#mine').focus()
    const off = watch(w, is => {
      if (is?.text === w.text) return dialog.close('there') // it took effect after all, or somebody else has typed the same
      known = true
      now = is
      asked?.()
    })
    dialog.oncancel = () => { later.add(w) } // by Escape
    dialog.onclose = () => {
      asked = undefined
      off()
      if (dialog.returnValue === 'mine') acts.insist(w, now, list)
      else if (dialog.returnValue) acts.drop(w)
      next()
    }
  }

  const look = () => {
    const refused = acts.refused()
    if (!refused.length && document.activeElement === button) $('#title').focus()
    button.hidden = !refused.length
    button.textContent = refused.length === 1 ? '1 text is not saved' : `${refused.length} texts are not saved`
    const w = refused.find(w => !later.has(w))
    if (asked) asked()
    else if (w && !typing()) ask(w)
  }

  const next = () => { setTimeout(look) } // what is refused together is asked about in the order in which it was typed

  button.onclick = () => {
    later.clear()
    next()
  }
  addEventListener('focusout', next)
  addEventListener('submit', next)
  return next
}
