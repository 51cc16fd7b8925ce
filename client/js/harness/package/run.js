// The installed package at work, on this machine: the kit with each transport, and conversations with the WebSocket of a package, as option, and with none.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { connect } from 'sojourn-client'
import { join } from 'sojourn-client/app'
import { longpoll } from 'sojourn-client/longpoll'
import { mock } from 'sojourn-client/mock'
import { sse } from 'sojourn-client/sse'
import { harness } from 'sojourn-client/testing'
import { run } from 'sojourn-client/transportkit'
import { ws } from 'sojourn-client/ws'
import { WebSocket, WebSocketServer } from 'ws'

run({ transport: ws, kind: 'socket', write: frames => frames.join('\n') })
run({ transport: sse, kind: 'stream', write: frames => frames.map(f => `data: ${f}\n\n`).join('') })
run({ transport: longpoll, kind: 'poll', write: frames => frames.map(f => f + '\n').join('') })

test('a WebSocket passed as option is what ws uses', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  server.on('connection', socket => socket.on('message', data => {
    if (`${data}`.startsWith('H')) socket.send('h{"id":"socket","in":0,"at":0,"hb":25,"ttl":120}')
    if (`${data}` === 'C1,chat.sum|[1,2]') socket.send('r1.aaaaa,1|3')
  }))
  let made = 0
  class Counted extends WebSocket {
    constructor(url) {
      super(url)
      made++
    }
  }
  const rt = connect(`http://127.0.0.1:${server.address().port}/rt`, { transports: ['ws'], WebSocket: Counted })
  assert.equal(await rt.service('chat').sum([1, 2]), 3)
  assert.equal(made, 1)
  rt.close()
  server.close()
})

test('without a WebSocket, as in Node 20, ws is passed over, and said to be', async t => {
  const own = globalThis.WebSocket
  delete globalThis.WebSocket
  t.after(() => { if (own) globalThis.WebSocket = own })
  let stream
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    if (request.url === '/rt/sse') {
      stream = response
      stream.write('data: h{"id":"socket","in":0,"at":0,"hb":25,"ttl":120}\n\n')
      return
    }
    const calls = [...body.matchAll(/^C(\d+),chat\.double\|(.+)$/gm)]
    for (const [, n, value] of calls) stream.write(`data: r${n}.aaaa${n},${n}|${2 * value}\n\n`)
    response.end(`a${calls.at(-1)?.[1] ?? 0},${calls.at(-1)?.[1] ?? 0}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const rt = connect(`http://127.0.0.1:${server.address().port}/rt`, { transports: ['ws', 'sse'] })
  t.after(() => rt.close())
  const errors = []
  rt.on('error', e => errors.push(e.message))
  const chat = rt.service('chat')
  assert.equal(await chat.double(21), 42)
  assert.equal(rt.transport, 'sse')
  assert.equal(await chat.double(4), 8)
  assert.deepEqual(errors, ['WebSocket is not defined'])
})

test('an app is joined', () => {
  const app = join(connect('http://instance/rt', { transports: [mock()] }), { chat: ({ name }) => `a ${name}`, todo: null })
  assert.equal(app.chat, 'a chat')
  assert.equal(typeof app.todo.add, 'function')
  app.rt.close()
})

test('mock is a transport', async () => {
  const memory = mock()
  const rt = connect('http://instance/rt', { transports: [memory] })
  await new Promise(resolve => setImmediate(resolve))
  assert.match(memory.connections[0].up[0], /^H\{/)
  rt.close()
})

test('a half is tested', async () => {
  const notices = []
  const { app, server } = harness({ chat: ({ server, handle }) => {
    handle({ notice: text => notices.push(text) })
    return { twice: n => server.double(n) }
  } })
  server.on('chat.double', n => 2 * n)
  assert.equal(await app.chat.twice(21), 42)
  await server.tell('chat.notice', 'hi')
  assert.deepEqual(notices, ['hi'])
})
