// @ts-check
// The page: which lists there are, which one is open, and who else is here.

import { connect } from '/rt/app.js'
import { asking } from './conflict.js'
import { showConnection } from './connection.js'
import { $, initial, make, newID, quoted } from './dom.js'
import { rows } from './rows.js'
import { sure } from './sure.js'
import { recall, remember } from './tab.js'
import { toast } from './toast.js'
import { words } from './words.js'

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
  tick: (item, done) => items.tick(item.list, item.id, done).catch(failed('Not ticked')),
  move: (item, before) => items.move(item.list, item.id, before).catch(failed('Not moved')),
  edit: (item, text) => typed.edit(item, text),
  remove(item) {
    items.remove(item.list, item.id, item.rev).catch(failed('Not removed'))
    toast(`Removed ${quoted(item.text)}`, 'Undo', () => items.restore(item.list, item.id).catch(failed('Not brought back')))
  }
})
let shown = /** @type {Item[]} */ ([]) // of the open list
let loaded = false // they are all of it

/** @param {string} id of a list; '' for none */
const open = id => {
  close()
  current = id
  shown = []
  loaded = false
  view.end()
  view.show([])
  close = id ? items.open(id, showItems) : () => {}
  $('#add').hidden = $('#rename').hidden = $('#remove-list').hidden = !id
  showHead()
}

/** @param {Item[]} now @param {boolean} all */
const showItems = (now, all) => {
  shown = now
  loaded = all
  view.show(now)
  showHead()
}

const showHead = () => {
  const list = everyList()[current]
  $('#title').textContent = list?.name || 'No list'
  document.title = list ? `${list.name} · To-dos` : 'To-dos'
  const done = shown.filter(item => item.done).length
  $('#count').textContent = loaded && shown.length ? `${done} of ${shown.length} done` : ''
  $('#empty').textContent = !current ? 'Make a first list above.' : loaded && !shown.length ? 'Nothing to do here.' : ''
}

$('#add').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  const text = $('#new-item').value.trim()
  $('#new-item').value = ''
  if (text) typed.add(current, newID(), text)
})

// All lists.

/** All lists, as they are when everything that we typed has taken effect. */
const everyList = () => {
  const all = { ...made, ...known }
  for (const { list, id, seen, rev, text } of typed.waiting()) {
    if (!id && seen.includes(all[list]?.rev)) all[list] = { ...all[list], rev, name: text }
  }
  return all
}

let drawn = '' // of the lists: where nothing has changed their buttons stay, since one of them may just be pressed

const showLists = () => {
  const all = Object.entries(everyList()).sort(([, a], [, b]) => a.made - b.made)
  const draw = JSON.stringify([current, all])
  if (draw === drawn) return
  drawn = draw
  const focused = document.activeElement?.closest('#lists') && document.activeElement.getAttribute('data-id')
  $('#lists').replaceChildren(...all.map(([id, list]) => {
    const button = make('button', { type: 'button', dir: 'auto', textContent: list.name, onclick: () => { location.hash = id } })
    button.dataset.id = id
    button.ariaCurrent = id === current ? 'true' : null
    return make('li', {}, button)
  }))
  if (focused) $(`#lists [data-id="${CSS.escape(focused)}"]`)?.focus()
}

/** Opens the list that the page's address names, or the first one. */
const choose = () => {
  const all = everyList()
  const wanted = location.hash.slice(1)
  const first = Object.keys(all).sort((a, b) => all[a].made - all[b].made)[0] || ''
  const id = Object.hasOwn(all, wanted) ? wanted : first
  const other = id !== current
  if (other) open(id)
  showHead()
  showLists()
  if (other) $('#lists [aria-current]')?.scrollIntoView({ block: 'nearest' })
}

rt.state('lists/all').on(value => {
  known = value || {}
  for (const id of Object.keys(known)) delete made[id]
  choose()
  ask()
})
addEventListener('hashchange', () => {
  choose()
  ask()
})

/** @param {string} name */
const makeList = name => {
  const list = newID()
  made[list] = { name, rev: list, made: Date.now() }
  typed.add(list, '', name)
  location.hash = list
  choose() // before the browser tells of it
}

$('#create').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  const name = $('#new-list').value.trim()
  if (!name) return
  $('#new-list').value = ''
  makeList(name)
  $('#new-item').focus()
})

let renamed = /** @type {(List & { list: string, id: string }) | undefined} */ (undefined) // as it was when a name was asked for

/** @param {NonNullable<typeof renamed>} old @param {string} [half] what was typed of the new name already */
const rename = (old, half) => {
  const dialog = $('#naming')
  renamed = old
  $('#name').value = half ?? old.name
  // Not by its close event, which comes with the next frame: the page may have gone by then.
  dialog.onsubmit = (/** @type {SubmitEvent} */ e) => {
    const name = $('#name').value.trim()
    if (/** @type {any} */ (e.submitter)?.value && name && name !== old.name) typed.edit(old, name)
  }
  dialog.showModal()
  if (half === undefined) $('#name').select()
}

$('#rename').onclick = () => rename({ ...everyList()[current], list: current, id: '' })

let removals = 0 // of lists, neither confirmed nor refused

$('#remove-list').onclick = async () => {
  const list = current
  if (!await sure(`Remove ${quoted($('#title').textContent)}?`)) return
  removals++
  lists.remove({ list }).then(() => $('#title').focus(), failed('Not removed')).finally(() => { removals-- })
}

// What was typed: it is in its list, or on its way, or we are asked.

const typed = words({
  items,
  lists,
  changed() {
    for (const w of typed.refused()) if (!w.id && w.fresh) delete made[w.list]
    choose()
    ask()
  }
})
const ask = asking({
  ...typed,
  why(w) {
    const elsewhere = w.id && w.list !== current && everyList()[w.list]
    return (elsewhere ? quoted(elsewhere.name) + ': ' : '') + w.why?.message
  },
  place(w, now) {
    const list = now || !w.id || everyList()[w.list] ? w.list : current
    return { list, name: everyList()[list]?.name }
  },
  insist(w, now, list) {
    if (now || w.id) return typed.insist(w, now, list)
    typed.drop(w)
    makeList(w.text)
  }
}, (w, show) => w.id
  ? items.open(w.list, (now, loaded) => { if (loaded) show(now.find(item => item.id === w.id)) })
  : rt.state('lists/all').on(all => show(all?.[w.list] && { rev: all[w.list].rev, text: all[w.list].name })))
for (const w of typed.waiting()) if (!w.id && w.fresh) made[w.list] = { name: w.text, rev: w.rev, made: Date.now() }
typed.resume()
ask() // about what the last page was still to ask

/** What is typed half is there again after a reload. */
const drafts = [$('#new-item'), $('#new-list')]
for (const [i, draft] of recall('drafts', []).entries()) drafts[i].value ||= draft
const naming = recall('naming', null)
if (naming) rename(naming.renamed, naming.half)

let leaving = false // for the log-in, over which the tab remembers what was typed
const save = () => {
  view.end()
  remember('drafts', drafts.map(field => field.value))
  remember('naming', $('#naming').open ? { renamed, half: $('#name').value } : null)
}
addEventListener('pagehide', save)
document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') save() }) // a tab that nobody sees may go without a word
addEventListener('beforeunload', e => {
  if (!leaving && (typed.waiting()[0] || typed.refused()[0] || items.pending() || removals || $('.edit, #naming[open]'))) e.preventDefault() // it would be gone with the tab
})

// Who is here, and how we are connected.

presence.enter('all').catch(failed('Nobody sees you'))
presence.watch('all', people => {
  const most = 4
  const badges = people.slice(0, most).map(person => {
    const badge = make('li', { textContent: initial(person.name).toUpperCase(), title: person.name + (person.away ? ' (away)' : '') })
    badge.ariaLabel = badge.title
    badge.classList.toggle('away', person.away)
    badge.style.setProperty('--hue', [...person.name].reduce((sum, c) => sum + 37 * (c.codePointAt(0) || 0), 0) % 360)
    return badge
  })
  if (people.length > most) badges.push(make('li', { className: 'more', textContent: '+' + (people.length - most) }))
  $('#people').replaceChildren(...badges)
})

showConnection(rt)
rt.on('close', ({ code }) => {
  if (code === 'closed') return
  leaving = true
  location.href = code === 'ended' ? './' : 'login.html' // logged out, here or in another tab, or logged in as somebody else
})
