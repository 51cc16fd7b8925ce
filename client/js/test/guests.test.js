import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engineio, sockjs } from '../harness/index.js'
import { run } from './transportkit.js'
import { Socket } from './websocket.js'

/** As a session reads what goes up: a first line says whose it is. */
const unsigned = text => text.replace(/^K.*\n/, '')

/** As much of engine.io-client as the half uses, over a WebSocket. */
class FakeEngine {
  #socket
  constructor(origin, { path }) {
    this.#socket = new Socket(origin.replace('http', 'ws') + path)
  }

  on(event, f) {
    this.#socket['on' + event] = event === 'message' ? e => f(e.data || undefined) : f
    if (event === 'close') this.#socket.onerror = f
  }

  send(text) { this.#socket.send(unsigned(text)) }
  close() { this.#socket.close() }
}

/** As much of sockjs-client. */
class FakeSockJS {
  #socket
  constructor(url) {
    this.#socket = new Socket(url.replace('http', 'ws'))
    for (const name of ['onopen', 'onmessage', 'onclose']) this.#socket[name] = e => this[name](e)
    this.#socket.onerror = e => this.onclose(e)
  }

  send(text) { this.#socket.send(unsigned(text)) }
  close() { this.#socket.close() }
}

const write = frames => frames.join('\n')
run({ transport: engineio(FakeEngine), kind: 'socket', write })
run({ transport: sockjs(FakeSockJS), kind: 'socket', write })

/** A library's socket that a test scripts, and what it was made with. */
class Scripted {
  up = []
  closed = false
  listeners = {}
  constructor(...made) {
    Object.assign(this, { made })
    Scripted.last = this
  }

  on(event, f) { this.listeners[event] = f }
  send(text) { this.up.push(text) }
  close() { this.closed = true }
  open() { (this.onopen ?? this.listeners.open)() }
  down(text) { this.onmessage ? this.onmessage({ data: text }) : this.listeners.message(text || undefined) }
}

/** Opens a connection by hand. */
const open = (make, hellos = [{}], credentials) => {
  const abort = new AbortController()
  const l = { given: [], abort: () => abort.abort(), ended: 0 }
  l.connection = make.open({
    url: 'https://instance:8443/rt',
    options: { credentials },
    hello: () => 'H' + JSON.stringify({ v: 1, key: 'theKey', ...hellos.shift() }),
    frames: text => l.given.push(text),
    closed: () => l.ended++,
    signal: abort.signal
  })
  return { ...l, socket: Scripted.last, ended: () => l.ended }
}

for (const [name, half] of Object.entries({ engineio, sockjs })) {
  describe(`the half ${name}`, () => {
    test('says hello when its session is open, and not before', () => {
      const { socket } = open(half(Scripted))
      assert.deepEqual(socket.up, [])
      socket.open()
      assert.deepEqual(socket.up, ['H{"v":1,"key":"theKey"}'])
    })

    test('says hello again when it is asked by an empty message', () => {
      const { socket, given } = open(half(Scripted), [{ c: 1 }, { c: 2 }])
      socket.open()
      socket.down('h{}\np')
      socket.down('')
      assert.deepEqual(given, ['h{}\np'])
      assert.deepEqual(socket.up.map(line => JSON.parse(line.slice(1)).c), [1, 2])
    })

    test('says with all that goes up whose it is', () => {
      const { socket, connection } = open(half(Scripted), [{}, { auth: 'a "token"' }])
      socket.open()
      connection.send('C1,chat.say|"hi"\nC2,chat.say')
      socket.down('')
      connection.send('C3,chat.say')
      assert.deepEqual([socket.up[1], socket.up[3]], ['KtheKey,,0\nC1,chat.say|"hi"\nC2,chat.say', 'KtheKey,,0|"a \\"token\\""\nC3,chat.say'])
    })

    test('says how far the client has its own stream, and takes no payload for that', () => {
      const { socket, connection } = open(half(Scripted))
      socket.open()
      connection.send('C1,chat.say|"line\u2028A7.fffff"')
      connection.send('C2,chat.say\nA12.bbbbb')
      connection.send('A13.ccccc')
      assert.deepEqual(socket.up.slice(1).map(text => text.split('\n')[0]), ['KtheKey,,0', 'KtheKey,12.bbbbb,0', 'KtheKey,13.ccccc,0'])
    })

    test('says once how often its first message was sent before', () => {
      const { socket, connection } = open(half(Scripted), [{ tries: 4 }, { tries: 4 }])
      socket.open()
      connection.send('C7,chat.say')
      socket.down('') // before 7 has taken effect
      connection.send('C8,chat.say')
      assert.deepEqual(socket.up.filter(text => text[0] === 'K'), ['KtheKey,,4\nC7,chat.say', 'KtheKey,,0\nC8,chat.say'])
    })

    test('makes no hello for a session that it has closed', () => {
      const hellos = [{}, {}]
      const { socket, given, abort } = open(half(Scripted), hellos)
      socket.open()
      abort()
      assert.equal(socket.closed, true)
      socket.down('')
      socket.down('p')
      assert.deepEqual([hellos.length, given, socket.up.length], [1, [], 1])
    })
  })
}

test('engineio asks for its endpoint below the mount, and passes options on', () => {
  assert.deepEqual(open(engineio(Scripted)).socket.made, ['https://instance:8443', { path: '/rt/engine.io/', withCredentials: false }])
  const { made: [, options] } = open(engineio(Scripted, { transports: ['polling'] }), [], 'include').socket
  assert.deepEqual(options, { path: '/rt/engine.io/', withCredentials: true, transports: ['polling'] })
})

test('sockjs asks for its endpoint below the mount, and passes options on', () => {
  const options = { transports: ['xhr-polling'] }
  assert.deepEqual(open(sockjs(Scripted, options)).socket.made, ['https://instance:8443/rt/sockjs', null, options])
})

test('sockjs gives its library no more than one request may bring, until that is answered', () => {
  const { socket, connection } = open(sockjs(Scripted))
  socket.open()
  const numbers = () => socket.up.flatMap(text => [...text.matchAll(/\nC(\d+)/g)].map(([, n]) => +n))
  for (let n = 1; n <= 20; n++) connection.send(`C${n},chat.say|"${'x'.repeat(60_000)}"`)
  assert.deepEqual(numbers(), [1, 2, 3, 4, 5])
  socket.down('a1,0')
  assert.deepEqual(numbers(), [1, 2, 3, 4, 5, 6])
  socket.down('p')
  socket.down('te,1.aaaaa|"a20,0"')
  assert.equal(numbers().length, 6)
  socket.down('r1.aaaaa,3|7\nx2.bbbbb,4|{"code":"denied"}')
  assert.deepEqual(numbers(), [1, 2, 3, 4, 5, 6, 7, 8, 9])
  socket.down('g5') // as if they had not come
  assert.equal(numbers().length, 14)
})
