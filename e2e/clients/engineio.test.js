// engine.io-client, from npm, and the echo server at $ENGINEIO.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Socket } from 'engine.io-client'
import { Heard, long, texts } from './testing.js'

const url = /** @type {string} */ (process.env.ENGINEIO)
const ways = { polling: ['polling'], websocket: ['websocket'], 'polling, then websocket': ['polling', 'websocket'] }

/** Opens a session. @param {import('node:test').TestContext} t @param {string[]} transports */
const open = (t, transports, options = {}) => {
  const socket = new Socket(url, { transports, ...options })
  const [heard, pings, ended, upgraded] = [new Heard(), new Heard(), new Heard(), new Heard()]
  socket.binaryType = 'nodebuffer'
  socket.on('message', heard.add)
  socket.on('ping', pings.add)
  socket.on('close', ended.add)
  socket.on('upgrade', transport => upgraded.add(transport.name))
  t.after(() => socket.close())
  return { socket, heard, pings, ended, upgraded }
}

for (const [way, transports] of Object.entries(ways)) {
  describe(`engine.io-client over ${way}`, { timeout: 60_000, concurrency: true }, () => {
    test('text comes back as it was', async t => {
      const { socket, heard } = open(t, transports)
      for (const [said] of texts) socket.send(said)
      await heard.are(texts.map(([, back]) => back || undefined)) // the library has no empty text
    })

    test('bytes come back as they were', async t => {
      const { socket, heard } = open(t, transports)
      const said = [0, 1, 2, 3, 255, 70_000].map(n => Buffer.from(Array.from({ length: n }, (_, i) => i % 256)))
      for (const each of said) socket.send(each)
      const back = await heard.first(said.length)
      assert.deepEqual(back.map(each => Buffer.from(each).toString('hex')), said.map(each => each.toString('hex')))
    })

    test('a thousand messages come back in their order', async t => {
      const { socket, heard } = open(t, transports)
      const said = Array.from({ length: 1000 }, (_, i) => `${i}`)
      for (const each of said.slice(0, 500)) socket.send(each)
      await heard.first(100)
      for (const each of said.slice(500)) socket.send(each)
      await heard.are(said)
    })

    test('nearly a megabyte comes back, and what is said beside it', async t => {
      const { socket, heard } = open(t, transports)
      const bytes = Buffer.alloc(700_000, 'bytes')
      const said = [long(960_000), 'beside', bytes]
      for (const each of said) socket.send(each)
      const back = await heard.first(3)
      assert.deepEqual([back[0] === said[0], back[1], bytes.equals(back[2])], [true, 'beside', true])
    })

    test('heartbeats keep it open', async t => {
      const { socket, heard, pings, ended } = open(t, transports)
      await pings.first(3)
      socket.send('still here')
      await heard.are(['still here'])
      assert.deepEqual(ended.all, [])
    })

    test('who is cut off hears so, and may come again', async t => {
      const { socket, heard, ended, upgraded } = open(t, transports)
      socket.send('one')
      await heard.are(['one'])
      if (transports.length > 1) await upgraded.first(1)
      const { transport } = /** @type {any} */ (socket)
      if (transport.name === 'websocket') transport.ws.terminate()
      else socket.close()
      await ended.first(1)
      const again = open(t, transports)
      again.socket.send('two')
      await again.heard.are(['two'])
      assert.notEqual(again.socket.id, socket.id)
    })
  })
}

test('what was said on polls, and while it changes over, comes before what is said on the websocket', { timeout: 60_000 }, async t => {
  const { socket, heard, upgraded } = open(t, ['polling', 'websocket'])
  let said = 0
  const say = () => { while (said < 2000 && said < heard.all.length + 50) socket.send(`${said++}`) }
  socket.on('message', say)
  socket.on('upgrading', say)
  socket.on('open', say)
  await heard.are(Array.from({ length: 2000 }, (_, i) => `${i}`))
  assert.deepEqual(upgraded.all, ['websocket'])
})
