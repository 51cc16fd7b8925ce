// Says numbers to an echo server by a library as it is, and comes again when its session ends:
//
//   node plain.js URL engineio polling,websocket
//   node plain.js URL sockjs xhr-polling
//
// It prints a line for each 25 that came back in one session. On the line "end" it stops when a session has had back all that it said, and prints how many sessions there
// were, and of those in which anything else came back than what was said, from the first on and in order, where that began: the end may be missing.
import { createInterface } from 'node:readline/promises'
import { Socket } from 'engine.io-client'
import SockJS from 'sockjs-client'

const [url, protocol, list] = process.argv.slice(2)
const transports = list.split(',')
const window = 20 // numbers on their way
const print = value => console.log(JSON.stringify(value))
const seen = { sessions: 0, wrong: [] }
let ending = false

/** Opens a session: it calls open, heard and closed. */
const libraries = {
  engineio({ open, heard, closed }) {
    const socket = new Socket(url, { transports })
    socket.on('open', open)
    socket.on('message', heard)
    socket.on('close', closed)
    return socket
  },
  sockjs({ open, heard, closed }) {
    const socket = new SockJS(url + '/echo', null, { transports, timeout: 20_000 })
    socket.onopen = open
    socket.onmessage = e => heard(e.data)
    socket.onclose = closed
    return socket
  }
}

const begin = () => {
  let said = 0
  let over = false
  const back = []
  let wrong // the first
  const say = () => { while (said < back.length + window && !ending) socket.send(`${said++}`) }
  const finish = () => {
    if (!ending || !said || back.length < said) return
    over = true
    print(seen)
    process.exit()
  }
  const socket = libraries[protocol]({
    open() {
      seen.sessions++
      if (ending) socket.send(`${said++}`)
      say()
    },
    heard(text) {
      back.push(text)
      if (text !== `${back.length - 1}` && !wrong) seen.wrong.push(wrong = back.slice(-3))
      if (back.length % 25 === 0) print(back.length)
      say()
      finish()
    },
    closed() {
      if (!over) setTimeout(begin, 50)
      over = true
    }
  })
  check = finish
}
let check = () => {}
begin()
for await (const _ of createInterface({ input: process.stdin })) {
  ending = true
  check()
}
