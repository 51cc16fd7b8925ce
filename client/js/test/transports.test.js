import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, test } from 'node:test'
import { connectWith, longpoll, sse, ws } from '../harness/index.js'

const hello = more => 'h' + JSON.stringify({ id: 'socket', in: 0, at: 0, hb: 25, ttl: 120, ...more })

/** Serves one test: handle(path, body, response) is given each request. */
const serve = async (t, handle) => {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    handle(request.url, body, response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}/rt`
}

/** A promise, and what settles it. */
const later = () => {
  const l = {}
  l.promise = new Promise(resolve => { l.resolve = resolve })
  return l
}

/** Opens a link by hand: what came down, and when it ended. */
const link = (t, transport, post) => {
  const frames = []
  const closed = later()
  const abort = new AbortController()
  let n = 0
  const handle = transport.open({
    url: 'http://instance/rt',
    options: {},
    hello: () => 'H' + ++n,
    frames: text => frames.push(...text.split('\n').filter(line => line)),
    closed: closed.resolve,
    signal: abort.signal,
    post
  })
  handle.then?.(closed.resolve, closed.resolve)
  return { frames, closed: closed.promise, abort, handle }
}

describe('sse', () => {
  test('carries a conversation over HTTP', async t => {
    const stream = later()
    const url = await serve(t, (path, body, response) => {
      if (path === '/rt/sse') {
        assert.match(body, /^H\{"v":1,"key":"[\w-]{22}","c":1\}$/)
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write(`:\n\ndata: ${hello()}\n\n`)
        stream.resolve(response)
      } else {
        const [, call] = body.split('\n')
        assert.equal(call, 'C1,chat.sum|[1,2]')
        stream.promise.then(s => s.write('data: r1.aaaaa,1|3\n\n'))
        response.end('a1,1\n')
      }
    })
    const rt = connectWith(url, {}, [sse])
    assert.equal(await rt.service('chat').sum([1, 2]), 3)
    const gone = once(await stream.promise, 'close')
    rt.close()
    await gone
  })
})

describe('longpoll', () => {
  test('polls again and again, each time with a new hello, until it is refused', async t => {
    const asked = []
    const answers = [[hello() + '\np\n', 200], [hello(), 200], ['z4006,,\n', 503], ['never', 200]]
    const l = link(t, longpoll, async (path, text) => {
      asked.push([path, text])
      const [body, status] = answers.shift()
      return new Response(body, { status })
    })
    await l.closed
    assert.deepEqual(asked, [['lp', 'H1'], ['lp', 'H2'], ['lp', 'H3']])
    assert.deepEqual(l.frames, [hello(), 'p', hello(), 'z4006,,'])
  })

  test('does not poll what is not an instance', async t => {
    let asked = 0
    const l = link(t, longpoll, async () => {
      asked++
      return new Response('<html>sign in')
    })
    await l.closed
    assert.equal(asked, 1)
  })

  test('carries a conversation over HTTP', async t => {
    const polls = []
    const second = later()
    const url = await serve(t, (path, body, response) => {
      if (path === '/rt/up') {
        second.promise.then(poll => {
          poll.end(hello({ in: 1, at: 1 }) + '\nr1.aaaaa,1|3\n')
          response.end('a1,1\n')
        })
        return
      }
      polls.push(JSON.parse(body.slice(1)))
      if (polls.length === 1) response.end(hello({ hb: 0 }) + '\n')
      if (polls.length === 2) second.resolve(response)
      if (polls.length === 3) third.resolve(response)
    })
    const third = later()
    const rt = connectWith(url, {}, [longpoll])
    assert.equal(await rt.service('chat').sum([1, 2]), 3)
    const gone = once(await third.promise, 'close')
    rt.close()
    await gone
    assert.deepEqual(polls.map(({ c, cur, now }) => ({ c, cur, now })), [
      { c: 1, cur: undefined, now: undefined },
      { c: 2, cur: '0.', now: undefined },
      { c: 3, cur: '1.aaaaa', now: undefined }
    ])
  })
})

describe('ws', () => {
  class FakeSocket {
    sent = []
    constructor(url) {
      this.url = url
      FakeSocket.last = this
    }

    send(text) { this.sent.push(text) }
    close() { this.closed = true }
  }

  const open = () => {
    const frames = []
    let closed = 0
    const abort = new AbortController()
    const handle = ws.open({
      url: 'https://instance/rt',
      options: { WebSocket: FakeSocket },
      hello: () => 'H1',
      frames: text => frames.push(text),
      closed: () => closed++,
      signal: abort.signal
    })
    return { socket: FakeSocket.last, handle, frames, abort, closed: () => closed }
  }

  test('says hello when it is open, and carries both ways', () => {
    const { socket, handle, frames } = open()
    assert.equal(socket.url, 'wss://instance/rt/ws')
    assert.deepEqual(socket.sent, [])
    socket.onopen()
    handle.send('C1,a.b\nC2,a.b')
    assert.deepEqual(socket.sent, ['H1', 'C1,a.b\nC2,a.b'])
    socket.onmessage({ data: 'h{}\np' })
    assert.deepEqual(frames, ['h{}\np'])
  })

  test('says when it has ended, and ends when it is told to', () => {
    const { socket, abort, closed } = open()
    socket.onclose()
    assert.equal(closed(), 1)
    abort.abort()
    assert.equal(socket.closed, true)
  })

  test('is passed over where there is no WebSocket', async t => {
    const there = globalThis.WebSocket
    globalThis.WebSocket = undefined
    t.after(() => { globalThis.WebSocket = there })
    const url = await serve(t, (path, body, response) => response.end(path === '/rt/lp' ? 'z4002,,' : ''))
    const rt = connectWith(url, {}, [ws, longpoll])
    const closed = later()
    rt.on('close', closed.resolve)
    assert.deepEqual(await closed.promise, { code: 'denied', why: '' })
  })
})
