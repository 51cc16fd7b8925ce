// What the demonstration does with a chat page: it acts through the page's elements, and reads from them what the page shows.
(name, way) => {
  const $ = selector => document.querySelector(selector)
  const use = way => $(`#transports [value=${way}]`).click()

  let lines = [] // that the page showed, and nobody has taken
  let taken = 0
  new MutationObserver(changes => {
    for (const change of changes) {
      for (const line of change.addedNodes) {
        if (line.matches('.line')) lines.push({ from: line.querySelector('.from').textContent, text: line.querySelector('.text').textContent })
      }
    }
  }).observe($('#log'), { childList: true })

  // Lines count as taken when the next look says so: a look's result may be lost.
  window.demo = (text, way, had) => {
    lines.splice(0, had - taken)
    taken = had
    if (way) use(way)
    if (text) {
      $('#text').value = text
      $('#say').requestSubmit()
    }
    return {
      lines,
      transport: $('#transports [aria-pressed=true]')?.value ?? '',
      socket: document.body.dataset.socket ?? '',
      waiting: document.querySelectorAll('#pending .line:not(.failed)').length,
      failed: [...document.querySelectorAll('#pending .failed p, .note.lost')].map(each => each.textContent)
    }
  }
  use(way)
  $('#name').value = name
  $('#name-form').requestSubmit()
}
