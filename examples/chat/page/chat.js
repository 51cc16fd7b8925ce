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
import { transports } from './transports.js'
import { marks } from './typing.js'

/** @type {import('../types').App<{ note: typeof import('../../../services/pubsub/client.js') }>} */
const { rt, chat, emoji, note } = connect({ transports })
watch(rt)

let name = '' // until it is given
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
  pending.moved()
  showNote('')
  const typing = marks($('#typing'))
  enter()
  leave = [
    rt.topic(`room/${room}`).on(line => {
      typing.end(line.by)
      if (!log.add(line, Date.now() + skew)) return
      pending.came(line)
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
  sayingOf: text => ({ room, from: name, text }),
  said: () => log.read(),
  typing: () => chat.volatile.typing(),
  say: saying => chat.say(saying.text).catch(async e => {
    if (e.code !== 'outside') throw e
    await entered // the server had let go of us: it knows us again by now
    if (room !== saying.room) throw new Error('you have left it') // what is said is said where we are
    saying.from = name
    return chat.say(saying.text)
  }),
  go: next => {
    if (next === room) return
    go(next)
    visit(next)
  }
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

const roomName = String.raw`[\p{L}\p{N}][\p{L}\p{N} _\-]{0,29}` // as the server has it
$('#new-room').pattern = ` *${roomName} *`

/** The room that the page's address names. */
const wanted = () => {
  try {
    return decodeURIComponent(location.hash.slice(1)) || 'lobby'
  } catch {
    return location.hash
  }
}

/** Goes to the room that the address names. If none can have that name we stay where we are, or come into the lobby. */
const follow = () => {
  const next = wanted()
  if (next === room) return
  if (RegExp(`^${roomName}$`, 'u').test(next)) return go(next)
  if (!room) go('lobby')
  history.replaceState(null, '', '#' + encodeURIComponent(room))
  log.fail(`No room can be called “\u2068${next}\u2069”: ${$('#new-room').title}.`)
}
addEventListener('hashchange', () => name && follow())

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
  follow()
  $('#text').focus()
})
$('#welcome').addEventListener('close', () => name || $('#welcome').showModal()) // without a name there is nothing to do here

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

$('#name').value = sessionStorage.getItem('name') || localStorage.getItem('name') || '' // this tab's, or the one given last
if ($('#name').checkValidity()) {
  rename($('#name').value)
  follow()
} else $('#welcome').showModal()
