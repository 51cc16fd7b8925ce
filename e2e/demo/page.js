// What the demonstration does with a chat page: it acts through the page's elements, and reads from them what the page shows.
(name, way) => {
  const $ = selector => document.querySelector(selector)
  let shown = [] // lines since the last look
  new MutationObserver(changes => {
    for (const change of changes) {
      for (const line of change.addedNodes) {
        if (line.matches('.line')) shown.push({ from: line.querySelector('.from').textContent, text: line.querySelector('.text').textContent })
      }
    }
  }).observe($('#log'), { childList: true })

  const use = way => $(`#transports [value=${way}]`).click()

  window.demo = (text, way) => {
    if (way) use(way)
    if (text) {
      $('#text').value = text
      $('#say').requestSubmit()
    }
    const look = {
      lines: shown,
      transport: $('#transports [aria-pressed=true]')?.value ?? '',
      socket: document.body.dataset.socket ?? '',
      waiting: document.querySelectorAll('#pending .line:not(.failed)').length,
      failed: [...document.querySelectorAll('#pending .failed p, .note.lost')].map(each => each.textContent)
    }
    shown = []
    return look
  }
  use(way)
  $('#name').value = name
  $('#name-form').requestSubmit()
}
