// @ts-check
const edge = 60 // px: so near to the screen's upper or lower end it scrolls, the faster the nearer
const frame = 50 // ms: a longer one does not make the list jump

/**
 * Lets a row be dragged to another place of its list by its handle, with a mouse, a pen or a finger. A row that is removed meanwhile is let go, and
 * nothing is told.
 *
 * @param {HTMLElement} row
 * @param {HTMLElement} handle
 * @param {{ began(): void, ended(before: Element | null): void }} told before: the row that it was put before
 */
export const draggable = (row, handle, told) => {
  let dragging = false
  let y = 0 // of the pointer
  let from = 0 // where it was pressed
  let drawn = 0 // when it was scrolled last

  /** Takes the row to where the pointer is. It is the others that are moved in the document: a row that is moved loses the pointer. */
  const follow = () => {
    const middle = (/** @type {Element} */ other) => {
      const box = other.getBoundingClientRect()
      return box.top + box.height / 2
    }
    const passed = []
    for (let above = row.previousElementSibling; above && y < middle(above); above = above.previousElementSibling) passed.unshift(above)
    if (passed.length) return row.after(...passed)
    for (let below = row.nextElementSibling; below && y > middle(below); below = below.nextElementSibling) passed.push(below)
    row.before(...passed)
  }

  /** Scrolls for as long as the pointer is at an edge: it need not move for that. @param {number} now */
  const scroll = now => {
    if (!dragging || !row.isConnected) return
    const up = Math.max(Math.min(y - edge, 0), -edge)
    const down = Math.min(Math.max(y - innerHeight + edge, 0), edge)
    const by = Math.max(up, Math.min(y - from, down)) // a press alone moves nothing, wherever it is
    scrollBy(0, by * Math.min(now - drawn, frame) / 60)
    drawn = now
    if (by) follow()
    requestAnimationFrame(scroll)
  }

  handle.addEventListener('pointerdown', e => {
    if (e.button) return
    handle.setPointerCapture(e.pointerId)
    dragging = true
    y = from = e.clientY
    row.classList.add('dragged')
    told.began()
    requestAnimationFrame(now => scroll(drawn = now))
  })
  handle.addEventListener('pointermove', e => {
    if (!dragging) return
    y = e.clientY
    follow()
  })
  handle.addEventListener('lostpointercapture', () => { // with the button or the finger, or since the browser took it for something else
    if (!dragging) return
    dragging = false
    row.classList.remove('dragged')
    if (row.isConnected) told.ended(row.nextElementSibling)
  })
}
