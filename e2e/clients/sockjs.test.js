// sockjs-client, from npm, and the echo server at $SOCKJS.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import SockJS from 'sockjs-client'
import { Heard, long, texts } from './testing.js'

const url = /** @type {string} */ (process.env.SOCKJS)
const ways = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']

/** Opens a session. @param {import('node:test').TestContext} t @param {string[]} transports */
const open = async (t, transports, service = 'echo') => {
  const socket = new SockJS(`${url}/${service}`, null, { transports, timeout: 20_000 })
  const [opened, heard, beats, ended] = [new Heard(), new Heard(), new Heard(), new Heard()]
  socket.onopen = opened.add
  socket.onmessage = e => heard.add(e.data)
  socket.onclose = e => ended.add([e.code, e.reason])
  socket.addEventListener('heartbeat', beats.add)
  t.after(() => socket.close())
  await opened.first(1)
  return { socket, heard, beats, ended }
}

for (const way of ways) {
  describe(`sockjs-client over ${way}`, { timeout: 60_000, concurrency: true }, () => {
    test('is what it came by', async t => {
      assert.equal((await open(t, [way])).socket.transport, way)
    })

    test('text comes back as it was', async t => {
      const { socket, heard } = await open(t, [way])
      for (const [said] of texts) socket.send(said)
      await heard.are(texts.map(([, back]) => back))
    })

    test('a thousand messages come back in their order', async t => {
      const { socket, heard } = await open(t, [way])
      const said = Array.from({ length: 1000 }, (_, i) => `${i}`)
      for (const each of said.slice(0, 500)) socket.send(each)
      await heard.first(100)
      for (const each of said.slice(500)) socket.send(each)
      await heard.are(said)
    })

    test('nearly a megabyte comes back, and what is said beside it', async t => {
      const { socket, heard } = await open(t, [way])
      const said = long(960_000)
      socket.send(said)
      socket.send('beside')
      const back = await heard.first(2)
      assert.deepEqual([back[0] === said, back[1]], [true, 'beside'])
    })

    test('heartbeats come', async t => {
      const { socket, heard, beats, ended } = await open(t, [way])
      await beats.first(3)
      socket.send('still here')
      await heard.are(['still here'])
      assert.deepEqual(ended.all, [])
    })

    test('the program ends a session, with its own code and reason', async t => {
      const { ended } = await open(t, [way], 'close')
      await ended.are([[3000, 'Go away!']])
    })

    test('who has gone may come again', async t => {
      const { socket, heard, ended } = await open(t, [way])
      socket.send('one')
      await heard.are(['one'])
      socket.close()
      await ended.are([[1000, 'Normal closure']])
      const again = await open(t, [way])
      again.socket.send('two')
      await again.heard.are(['two'])
    })
  })
}

test('sockjs-client passes over websockets where a service has none', { timeout: 60_000 }, async t => {
  const { socket, heard } = await open(t, ways, 'disabled_websocket_echo')
  assert.equal(socket.transport, 'xhr-streaming')
  socket.send('hello')
  await heard.are(['hello'])
})
