// @ts-check
/**
 * Lets a row be dragged to another place of its list by its handle, with a mouse, a pen or a finger.
 *
 * @param {HTMLElement} row
 * @param {HTMLElement} handle
 * @param {{ began(): void, ended(before: Element | null): void }} told before: the row that it was put before
 */
export const draggable = (row, handle, told) => {
  let dragging = false
  const end = () => {
    if (!dragging) return
    dragging = false
    row.classList.remove('dragged')
    told.ended(row.nextElementSibling)
  }
  handle.addEventListener('pointerdown', e => {
    if (e.button) return
    handle.setPointerCapture(e.pointerId)
    dragging = true
    row.classList.add('dragged')
    told.began()
  })
  handle.addEventListener('pointermove', e => {
    if (!dragging) return
    const middle = (/** @type {Element} */ other) => {
      const box = other.getBoundingClientRect()
      return box.top + box.height / 2
    }
    const { previousElementSibling: above, nextElementSibling: below } = row
    if (above && e.clientY < middle(above)) above.before(row)
    else if (below && e.clientY > middle(below)) below.after(row)
    else return
    handle.setPointerCapture(e.pointerId) // the row was moved in the document, which lets go
    row.scrollIntoView({ block: 'nearest' })
  })
  handle.addEventListener('lostpointercapture', () => setTimeout(() => handle.matches(':active') || end()))
  handle.addEventListener('pointerup', end)
  handle.addEventListener('pointercancel', end)
}
