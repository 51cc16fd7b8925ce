// @ts-check
// The page: which lists there are, which one is open, and who else is here.

import { connect } from '/rt/app.js'
import { settle, showTheirs } from './conflict.js'
import { $, make, newID } from './dom.js'
import { rows } from './rows.js'
import { toast } from './toast.js'

/** @typedef {import('../types').List} List */
/** @typedef {import('../items/client.js').Item} Item */

const via = new URLSearchParams(location.search).get('transport') // for who wants to see it over one of them
/** @type {import('../types').App<{ items: typeof import('../items/client.js'), presence: typeof import('../../../services/presence/client.js') }>} */
const { rt, lists, items, presence } = connect(via ? { transports: [via] } : {})

let known = /** @type {Record<string, List>} */ ({}) // by id
const made = /** @type {Record<string, List>} */ ({}) // those that we made and the server has not confirmed
let current = '' // id of the open list
let close = () => {} // ends what we watch of it

/** Tells what was refused. What only waits for a connection is shown as waiting. @param {string} what */
const failed = what => (/** @type {any} */ e) => {
  if (e.code !== 'closed') toast(`${what}: ${e.message}`)
}

// The open list.

const view = rows({
  tick: (item, done) => items.tick(current, item.id, done).catch(failed('Not ticked')),
  move: (item, before) => items.move(current, item.id, before).catch(failed('Not moved')),
  edit: (item, text) => change(current, item.id, item.rev, text),
  remove(item) {
    const list = current
    items.remove(list, item.id).catch(failed('Not removed'))
    toast(`Removed “${item.text}”`, 'Undo', () => items.restore(list, item.id).catch(failed('Not brought back')))
  }
})
let shown = /** @type {Item[]} */ ([]) // of the open list

/**
 * Changes an item's text; if somebody else has done so meanwhile it asks which one it shall be, and nobody's words are lost.
 *
 * @param {string} list
 * @param {string} id
 * @param {number} rev of the text that was edited
 * @param {string} text
 */
const change = async (list, id, rev, text) => {
  try {
    await items.edit(list, id, rev, text)
  } catch (/** @type {any} */ e) {
    if (e.code !== 'conflict' && e.code !== 'not_found') return failed('Not changed')(e)
    const mine = settle(id, text, e.message)
    showTheirs(shown)
    const wanted = (await mine)?.trim()
    if (!wanted) return
    const now = shown.find(item => item.id === id)
    if (now && list === current) change(list, id, now.rev, wanted)
    else items.add(list, newID(), wanted).catch(failed('Not added'))
  }
}

/** @param {string} id of a list; '' for none */
const open = id => {
  close()
  current = id
  shown = []
  view.show([])
  close = id ? items.open(id, showItems) : () => {}
  $('#add').hidden = $('#rename').hidden = $('#remove-list').hidden = !id
  showHead()
}

/** @param {Item[]} now */
const showItems = now => {
  shown = now
  view.show(now)
  showTheirs(now)
  showHead(true)
}

/** @param {boolean} [loaded] */
const showHead = loaded => {
  const list = known[current] || made[current]
  $('#title').textContent = list?.name || 'No list'
  document.title = list ? `${list.name} · To-dos` : 'To-dos'
  const done = shown.filter(item => item.done).length
  $('#count').textContent = shown.length ? `${done} of ${shown.length} done` : ''
  $('#empty').textContent = !current ? 'Make a first list above.' : loaded && !shown.length ? 'Nothing to do here.' : ''
}

$('#add').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  const text = $('#new-item').value.trim()
  $('#new-item').value = ''
  if (text) items.add(current, newID(), text).catch(failed(`“${text}” was not added`))
})

// All lists.

const showLists = () => {
  const all = Object.entries({ ...made, ...known }).sort(([, a], [, b]) => a.made - b.made)
  const focused = document.activeElement?.closest('#lists') && document.activeElement.getAttribute('data-id')
  $('#lists').replaceChildren(...all.map(([id, list]) => {
    const button = make('button', { type: 'button', textContent: list.name, onclick: () => { location.hash = id } })
    button.dataset.id = id
    button.ariaCurrent = id === current ? 'true' : null
    return make('li', {}, button)
  }))
  if (focused) $(`#lists [data-id="${CSS.escape(focused)}"]`)?.focus()
}

/** Opens the list that the page's address names, or the first one. */
const choose = () => {
  const all = { ...made, ...known }
  const wanted = location.hash.slice(1)
  const first = Object.keys(all).sort((a, b) => all[a].made - all[b].made)[0] || ''
  const id = all[wanted] ? wanted : first
  if (id !== current) open(id)
  showHead(true)
  showLists()
}

rt.state('lists/all').on(value => {
  known = value || {}
  for (const id of Object.keys(known)) delete made[id]
  choose()
})
addEventListener('hashchange', choose)

$('#create').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  const name = $('#new-list').value.trim()
  const list = newID()
  if (!name) return
  $('#new-list').value = ''
  made[list] = { name, made: Date.now() }
  lists.create({ list, name }).catch(e => {
    delete made[list]
    choose()
    failed('No such list')(e)
  })
  location.hash = list
  choose() // before the browser tells of it
  $('#new-item').focus()
})

$('#rename').onclick = () => {
  const list = current
  const dialog = $('#naming')
  $('#name').value = known[list]?.name || ''
  dialog.returnValue = ''
  dialog.showModal()
  $('#name').select()
  dialog.onclose = () => {
    const name = $('#name').value.trim()
    if (dialog.returnValue && name) lists.rename({ list, name }).catch(failed('Not renamed'))
  }
}

$('#remove-list').onclick = () => {
  lists.remove({ list: current }).then(() => $('#title').focus(), failed('Not removed'))
}

// Who is here, and how we are connected.

presence.enter('all').catch(failed('Nobody sees you'))
presence.watch('all', people => {
  const most = 4
  const badges = people.slice(0, most).map(person => {
    const badge = make('li', { textContent: [...person.name][0].toUpperCase(), title: person.name + (person.away ? ' (away)' : '') })
    badge.ariaLabel = badge.title
    badge.classList.toggle('away', person.away)
    badge.style.setProperty('--hue', [...person.name].reduce((sum, c) => sum + 37 * (c.codePointAt(0) || 0), 0) % 360)
    return badge
  })
  if (people.length > most) badges.push(make('li', { className: 'more', textContent: '+' + (people.length - most) }))
  $('#people').replaceChildren(...badges)
})

/** @type {Record<string, string>} */
const words = { connecting: 'connecting', open: 'connected', ready: 'connected', reconnected: 'connected', reconnecting: 'offline: what you change is kept, and sent later', close: 'ended' }
rt.on('status', (status, more) => {
  const up = ['open', 'ready', 'reconnected'].includes(status)
  document.body.dataset.link = status === 'close' ? 'down' : up ? 'up' : 'wait'
  $('#status').textContent = words[status] || status
  $('#status').title = rt.transport || ''
  if (status === 'close' && more?.code !== 'closed') location.href = 'login.html' // logged out, here or in another tab
})
addEventListener('beforeunload', e => {
  if ($('.item.pending')) e.preventDefault() // what was not sent would be gone with the page
})
