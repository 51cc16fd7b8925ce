// @ts-check
// The items as rows: each is ticked, edited, moved and removed by its own controls, all of them by keyboard too.

import { $, make } from './dom.js'
import { draggable } from './drag.js'

/** @typedef {{ list: string, id: string, text: string, rev: string, done: boolean, pending?: boolean }} Item */

/**
 * @typedef Acts what a row asks for
 * @property {(item: Item, done: boolean) => void} tick
 * @property {(item: Item, text: string) => void} edit
 * @property {(item: Item, before: string) => void} move
 * @property {(item: Item) => void} remove
 */

/** @param {Acts} acts */
export const rows = acts => {
  const list = $('#items')
  const shown = new Map() // rows by id
  let order = /** @type {Item[]} */ ([])
  /** @type {Element | undefined} */
  let dragged // a row: while it is, the others stay where they are

  /** @param {Item[]} items */
  const show = items => {
    order = items
    const ids = new Set(items.map(item => item.id))
    for (const [id, row] of shown) {
      if (ids.has(id) || row.editing()) continue
      passOn(row.element)
      row.element.remove()
      shown.delete(id)
    }
    const focused = document.activeElement
    items.forEach(item => {
      if (!shown.has(item.id)) shown.set(item.id, newRow(item))
      shown.get(item.id).show(item)
    })
    if (!dragged?.isConnected) place(items) // it may have been removed
    if (focused instanceof HTMLElement && focused.isConnected) focused.focus({ preventScroll: true })
  }

  /** The focus goes from a row to the same place of the next one, if it is there. @param {Element} row */
  const passOn = row => {
    const controls = (/** @type {any} */ of) => [...of?.querySelectorAll('button, input, textarea') || []]
    const at = controls(row).indexOf(document.activeElement)
    if (at >= 0) (controls(row.nextElementSibling || row.previousElementSibling)[at] || $('#new-item')).focus()
  }

  /** Moves in the document only what stands elsewhere. @param {Item[]} items */
  const place = items => {
    items.forEach((item, i) => {
      const { element } = shown.get(item.id)
      if (list.children[i] !== element) list.insertBefore(element, list.children[i] || null)
    })
  }

  /** @param {Item} item @param {number} by */
  const step = (item, by) => {
    const at = order.findIndex(other => other.id === item.id)
    const to = at + by
    if (to < 0 || to >= order.length) return
    acts.move(item, (by < 0 ? order[to] : order[to + 1])?.id || '')
    $('#said').textContent = `${item.text}: ${to + 1} of ${order.length}`
  }

  /** @param {Item} item as it is now */
  const newRow = item => {
    const handle = make('button', { type: 'button', className: 'handle', textContent: '⠿' })
    const box = make('input', { type: 'checkbox' })
    const text = make('button', { type: 'button', className: 'text', dir: 'auto' })
    const drop = make('button', { type: 'button', className: 'drop', textContent: '×' })
    const element = make('li', { className: 'item' }, handle, make('label', { className: 'tick' }, box), text, drop)
    /** @type {any} */
    let editor

    let seen = item // what is edited; others may go on meanwhile
    const end = (/** @type {boolean} */ save) => {
      const mine = editor?.value.trim()
      if (!editor) return
      const old = editor
      editor = undefined
      old.replaceWith(text)
      if (save && mine && mine !== seen.text) acts.edit(seen, mine)
      show(order)
    }

    const edit = () => {
      seen = item
      editor = make('textarea', { className: 'edit', dir: 'auto', value: item.text, rows: 1, maxLength: 500, ariaLabel: 'Text of ' + item.text })
      editor.onkeydown = (/** @type {KeyboardEvent} */ e) => {
        if (e.isComposing || e.key !== 'Escape' && (e.key !== 'Enter' || e.shiftKey)) return
        e.preventDefault()
        end(e.key === 'Enter')
        text.focus()
      }
      editor.onblur = () => end(true)
      text.replaceWith(editor)
      editor.focus()
      editor.select()
    }

    text.onclick = edit
    box.onchange = () => acts.tick(item, box.checked)
    drop.onclick = () => acts.remove(item)
    handle.onkeydown = (/** @type {KeyboardEvent} */ e) => {
      if (e.key !== 'ArrowUp' && e.key !== 'ArrowDown') return
      e.preventDefault()
      step(item, e.key === 'ArrowUp' ? -1 : 1)
    }
    draggable(element, handle, {
      began() { dragged = element },
      ended(before) {
        dragged = undefined
        const id = [...shown].find(([, row]) => row.element === before)?.[0] || ''
        const at = order.findIndex(other => other.id === item.id)
        if (id !== (order[at + 1]?.id || '')) acts.move(item, id)
        else place(order)
      }
    })

    return {
      element,
      end: () => end(true),
      editing: () => !!editor,
      show(/** @type {Item} */ now) {
        item = now
        element.classList.toggle('done', now.done)
        element.classList.toggle('pending', !!now.pending)
        element.dataset.id = now.id
        box.checked = now.done
        box.ariaLabel = now.text
        text.textContent = now.text
        text.ariaLabel = `Edit ${now.text}`
        handle.ariaLabel = `Move ${now.text}: arrow up, arrow down`
        drop.ariaLabel = `Remove ${now.text}`
      }
    }
  }

  /** Ends every editor, and saves what was typed there. */
  const end = () => { for (const row of shown.values()) row.end() }

  return { show, end }
}
