// @ts-check
// The page: who we are, which room we are in, and who else is there.

import { connect } from '/rt/app.js'
import { showConnection } from './connection.js'
import { watch } from './demo.js'
import { offerEmoji } from './emoji.js'
import { $, make } from './line.js'
import { open } from './log.js'
import { menu } from './menu.js'
import { showNote } from './note.js'
import { composer } from './say.js'
import { marks } from './typing.js'

/** @type {import('../types').App<{ note: typeof import('../../../services/pubsub/client.js') }>} */
const { rt, chat, emoji, note } = connect()
watch(rt)

let name = sessionStorage.getItem('name') || localStorage.getItem('name') || '' // this tab's, or the one given last
let room = ''
/** @type {ReturnType<typeof open>} */
let log // of the room
/** @type {(() => void)[]} */
let leave = [] // ends what we listen to in the room
let entered = Promise.resolve() // settled when the server knows where we are
let skew = 0 // ms that the server's clock is ahead
let unseen = 0 // lines that came while nobody looked

/** Tells the server who we are and where. */
const enter = () => {
  entered = chat.enter({ room, name }).then(welcome => { skew = welcome.now - Date.now() })
  entered.catch(e => /gone|unknown/.test(e.code) || log.fail(e.message)) // a socket that has ended: lost, below, enters again
}

/** Goes to a room. @param {string} next */
const go = next => {
  for (const off of leave) off()
  room = next
  log = open(room, line => line.from === name)
  pending.clear()
  showNote('')
  const typing = marks($('#typing'))
  enter()
  leave = [
    rt.topic(`room/${room}`).on(line => {
      typing.end(line.by)
      if (!log.add(line, Date.now() + skew)) return
      if (line.from === name) pending.said(line.text)
      showTitle(document.hidden ? unseen + 1 : 0)
    }),
    rt.topic(`typing/${room}`).on(mark => mark.by !== rt.id && typing.begin(mark.by, mark.name)),
    note.subscribe(room, showNote),
    rt.state(`people/${room}`).on(showPeople),
    typing.clear
  ]
  $('#title').textContent = room
  showTitle(0)
  visited = [...visited.filter(other => other !== room), room].slice(-12)
  localStorage.setItem('visited', JSON.stringify(visited))
  showRooms()
  menu(false)
}

/** @param {number} count of unseen lines */
const showTitle = count => {
  unseen = count
  document.title = (count ? `(${count}) ` : '') + room + ' · chat'
}

const pending = composer({
  bubbleOf: text => ({ from: name, text }),
  said: () => log.read(),
  typing: () => chat.volatile.typing(),
  say: text => chat.say(text).catch(async e => {
    if (e.code !== 'outside') throw e
    await entered // the server had let go of us: it knows us again by now
    return chat.say(text)
  })
})

// Rooms and people.

/** @type {string[]} */
let visited = JSON.parse(localStorage.getItem('visited') || '["lobby"]')
/** @type {{ [room: string]: number }} */
let counts = {} // of people, by room

const showRooms = () => {
  const all = new Set([...Object.keys(counts), ...visited, 'lobby'])
  $('#rooms').replaceChildren(...[...all].sort((a, b) => a.localeCompare(b)).map(each => {
    const item = make('li')
    const button = make('button')
    const called = make('span', '', each)
    called.dir = 'auto'
    button.append(called, make('small', '', String(counts[each] || '')))
    button.type = 'button'
    button.ariaLabel = `${each}, ${counts[each] || 'nobody'} there`
    button.ariaCurrent = each === room ? 'true' : null
    button.onclick = () => visit(each)
    item.append(button)
    return item
  }))
}

/** @param {{ [socket: string]: string } | null | undefined} people */
const showPeople = people => {
  const names = [...new Set(Object.values(people || {}))].sort((a, b) => a.localeCompare(b))
  $('#people').replaceChildren(...names.map(each => {
    const item = make('li', '', each === name ? each + ' (you)' : each)
    item.dir = 'auto'
    return item
  }))
  $('#here').textContent = names.length + ' here'
}

rt.state('rooms/all').on(all => {
  counts = all || {}
  showRooms()
})

/** @param {string} next */
const visit = next => { location.hash = encodeURIComponent(next) }

/** The room that the page's address names. */
const wanted = () => {
  try {
    return decodeURIComponent(location.hash.slice(1)) || 'lobby'
  } catch {
    return 'lobby'
  }
}
addEventListener('hashchange', () => name && wanted() !== room && go(wanted()))

$('#create').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  visit($('#new-room').value.trim())
  $('#new-room').value = ''
})

/** @param {string} given */
const rename = given => {
  name = given.trim()
  sessionStorage.setItem('name', name)
  localStorage.setItem('name', name)
  $('#new-name').value = name
}
$('#rename').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  rename($('#new-name').value)
  enter()
  menu(false)
})
$('#name-form').addEventListener('submit', () => {
  rename($('#name').value)
  go(wanted())
  $('#text').focus()
})

$('#pin').addEventListener('submit', (/** @type {Event} */ e) => {
  e.preventDefault()
  note.publish(room, $('#new-note').value.trim()).catch(error => log.fail('Not pinned: ' + error.message))
  menu(false)
})
offerEmoji($('#text'), word => emoji.volatile.find(word))

// What becomes of the conversation.

showConnection(rt)
rt.on('reconnecting', () => log?.leave())
rt.on('close', ({ code, why }) => log?.fail(`The conversation is over (${why || code}). Reload the page to begin another.`))
rt.on('lost', ({ stream, why }) => {
  if (!stream && room) enter() // as a new socket: the old one has ended
  if (stream === 'room/' + room) log.lost(why)
})
document.addEventListener('visibilitychange', () => {
  if (!log) return
  if (document.hidden) return log.leave()
  log.look()
  showTitle(0)
})

if (name) {
  rename(name)
  go(wanted())
} else {
  $('#welcome').addEventListener('cancel', (/** @type {Event} */ e) => e.preventDefault()) // without a name there is nothing to do here
  $('#welcome').showModal()
}
