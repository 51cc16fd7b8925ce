import { connect } from '/rt/client.js'
import { watch } from './demo.js'
import { bubble, grown, make, open, toNewest } from './log.js'
import { marks } from './typing.js'

const $ = selector => document.querySelector(selector)
const rt = connect('/rt')
const chat = rt.service('chat')
watch(rt)

let name = sessionStorage.getItem('name') || localStorage.getItem('name') || '' // this tab's, or the one given last
let room = ''
let log // of the room
let leave = [] // ends what we listen to in the room
let entered = Promise.resolve() // settled when the server knows where we are
let skew = 0 // what the server's clock is ahead

/** Tells the server who we are and where. */
const enter = () => {
  entered = chat.enter({ room, name }).then(welcome => { skew = welcome.now - Date.now() })
  entered.catch(e => log.fail(e.message))
}

/** Goes to a room. @param {string} next */
const go = next => {
  for (const off of leave) off()
  room = next
  log = open(room, line => line.from === name)
  $('#pending').replaceChildren()
  const typing = marks($('#typing'))
  enter()
  leave = [
    rt.topic('room/' + room).on(line => {
      typing.end(line.by)
      if (log.add(line, Date.now() + skew) && line.from === name) said(line.text)
    }),
    rt.topic('typing/' + room).on(mark => mark.by !== rt.id && typing.begin(mark.by, mark.name)),
    rt.state('people/' + room).on(showPeople),
    typing.clear
  ]
  document.title = room + ' · chat'
  $('#title').textContent = room
  if (visited.at(-1) !== room) {
    visited = [...visited.filter(other => other !== room), room].slice(-12)
    localStorage.setItem('visited', JSON.stringify(visited))
  }
  showRooms()
  menu(false)
}

// What we say stands below the log until it comes back as a line of the room.

const say = text => {
  const element = bubble({ from: name, text }, true)
  element.said = text
  $('#pending').append(element)
  toNewest()
  log.read()
  deliver(element, text)
}

const deliver = async (element, text) => {
  try {
    await chat.say(text).catch(async e => {
      if (e.code !== 'outside') throw e
      await entered // the server had let go of us: it knows us again by now
      return chat.say(text)
    })
  } catch (e) {
    if (element.isConnected) refuse(element, text, e)
  }
}

/** Offers to say again what was not said, or is not known to have been. */
const refuse = (element, text, e) => {
  const why = make('p', '', /gone|unknown/.test(e.code) ? 'Nobody can tell whether this was said.' : 'Not said: ' + e.message)
  const again = make('button', '', 'Say it again')
  const drop = make('button', '', 'Drop it')
  element.classList.add('failed')
  element.append(why, again, drop)
  again.onclick = () => {
    element.remove()
    say(text)
  }
  drop.onclick = () => element.remove()
  grown()
}

const said = text => {
  for (const element of $('#pending').children) if (element.said === text) return element.remove()
}

$('#say').addEventListener('submit', e => {
  e.preventDefault()
  const text = $('#text').value.trim()
  if (text) say(text)
  $('#text').value = ''
  $('#text').focus()
  marked = 0
})
let shift = false
$('#text').addEventListener('keydown', e => { shift = e.shiftKey })
$('#text').addEventListener('beforeinput', e => { // not keydown: a phone's keyboard need not tell of keys, and Enter may end a composition
  if (e.inputType !== 'insertLineBreak' || shift) return
  e.preventDefault()
  $('#say').requestSubmit()
})
let marked = 0 // when we last told that we type
$('#text').addEventListener('input', e => {
  if (!e.target.value || Date.now() - marked < 2000) return
  marked = Date.now()
  chat.volatile.typing()
})

// Rooms and people.

let visited = JSON.parse(localStorage.getItem('visited') || '["lobby"]')
let counts = {}

const showRooms = () => {
  const all = new Set([...Object.keys(counts), ...visited, 'lobby'])
  $('#rooms').replaceChildren(...[...all].sort((a, b) => a.localeCompare(b)).map(each => {
    const item = make('li')
    const button = make('button')
    button.append(make('span', '', each), make('small', '', counts[each] || ''))
    button.type = 'button'
    button.ariaLabel = `${each}, ${counts[each] || 'nobody'} there`
    button.ariaCurrent = each === room ? 'true' : null
    button.onclick = () => visit(each)
    item.append(button)
    return item
  }))
}

const showPeople = people => {
  const names = [...new Set(Object.values(people || {}))].sort((a, b) => a.localeCompare(b))
  $('#people').replaceChildren(...names.map(each => make('li', '', each === name ? each + ' (you)' : each)))
  $('#here').textContent = names.length + ' here'
}

rt.state('rooms/all').on(all => {
  counts = all || {}
  showRooms()
})

const visit = next => { location.hash = encodeURIComponent(next) }
const wanted = () => decodeURIComponent(location.hash.slice(1)) || 'lobby'
addEventListener('hashchange', () => name && wanted() !== room && go(wanted()))

$('#create').addEventListener('submit', e => {
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
$('#rename').addEventListener('submit', e => {
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

// The connection.

const labels = { ws: 'WebSocket', sse: 'SSE', longpoll: 'long-polling' }
const words = { reconnect_failed: 'no connection', close: 'closed' }

const showConnection = () => {
  const up = /open|ready|reconnected/.test(rt.status)
  const now = up ? labels[rt.transport] || 'connecting' : words[rt.status] || rt.status + '…'
  document.body.dataset.link = up ? 'up' : /failed|close/.test(rt.status) ? 'down' : 'wait'
  if ($('#status').textContent !== now) $('#status').textContent = now
  $('#connection').textContent = up ? 'Connected by ' + now + '.' : now
  for (const button of $('#transports').children) button.ariaPressed = String(button.value === rt.transport)
}
rt.on('status', (status, more) => {
  showConnection()
  if (status === 'reconnecting') log?.leave()
  if (status === 'close') log?.fail(`The conversation is over (${more.why || more.code}). Reload the page to begin another.`)
})
setInterval(showConnection, 500) // a change of transport that succeeds at once is no change of status
for (const button of $('#transports').children) button.onclick = () => rt.use(button.value)

rt.on('lost', ({ stream, why }) => {
  if (!stream && room) enter() // as a new socket: the old one has ended
  if (stream === 'room/' + room) log.lost(why)
})
document.addEventListener('visibilitychange', () => document.hidden ? log?.leave() : log?.look())

// The menu, which only a narrow window has.

const menu = open => {
  document.body.classList.toggle('menu', open)
  $('#menu').ariaExpanded = String(open)
  $('#shade').hidden = !open
}
$('#menu').onclick = () => menu($('#menu').ariaExpanded !== 'true')
$('#shade').onclick = () => menu(false)
addEventListener('keydown', e => {
  if (e.key !== 'Escape' || $('#menu').ariaExpanded !== 'true') return
  menu(false)
  $('#menu').focus()
})

if (name) {
  rename(name)
  go(wanted())
} else {
  $('#welcome').addEventListener('cancel', e => e.preventDefault())
  $('#welcome').showModal()
}
