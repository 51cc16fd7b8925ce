import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, mock, pass, restore, settle, start, stopTime, wantDone, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

/** A client whose connection only carries down, and the POSTs that it makes, each to be answered by the test. */
const begin = async (t, options) => {
  const posts = []
  t.mock.method(globalThis, 'fetch', (url, init) => new Promise((resolve, reject) => {
    assert.equal(url, 'http://instance/rt/up')
    posts.push({
      lines: init.body.split('\n'),
      init,
      answer: async (text, status = 200, headers = {}) => {
        resolve(new Response(text, { status, headers }))
        await settle()
      },
      break: async () => {
        reject(new TypeError('network'))
        await settle()
      }
    })
  }))
  const all = start(options, mock({ up: false }))
  await settle()
  const wire = all.t.connections[0]
  wire.down(hello())
  await settle()
  return { ...all, wire, posts, chat: all.rt.service('chat', { notice() {} }), key: helloOf(wire).key }
}

describe('a POST', () => {
  test('carries what was said in a tick, and what accrues meanwhile rides in the next', async t => {
    const { posts, chat, key } = await begin(t)
    const all = [1, 2].map(n => fate(chat.say(n)))
    await settle()
    assert.deepEqual(posts.map(p => p.lines), [[`K${key},,0`, 'C1,chat.say|1', 'C2,chat.say|2']])
    all.push(fate(chat.say(3)), fate(chat.say(4)))
    await settle()
    assert.equal(posts.length, 1)
    await posts[0].answer('a2,0\n')
    wantDone(all[0])
    wantDone(all[1])
    assert.deepEqual(posts[1].lines, [`K${key},,0`, 'C3,chat.say|3', 'C4,chat.say|4'])
    await posts[1].answer('a4,0')
    assert.deepEqual(all.map(f => f.state), ['done', 'done', 'done', 'done'])
    assert.equal(posts.length, 2)
  })

  test('is a simple request, with the credentials that were asked for', async t => {
    const { posts, chat } = await begin(t, { credentials: 'include' })
    chat.say(1).catch(() => {})
    await settle()
    const { method, headers, credentials, keepalive, signal } = posts[0].init
    assert.deepEqual([method, headers, credentials, keepalive], ['POST', undefined, 'include', false])
    assert.ok(signal instanceof AbortSignal)
    assert.match(new Request('http://x', { method, body: 'x' }).headers.get('Content-Type'), /^text\/plain/)
  })

  test('acknowledges the own stream, and does not settle before it is read', async t => {
    const { wire, posts, chat, key } = await begin(t)
    const call = fate(chat.sum(1))
    await settle()
    await posts[0].answer('a1,2')
    assert.equal(call.state, 'pending')
    wire.down('e1.aaaaa,chat.notice', 'r2.bbbbb,1|7')
    await settle()
    wantDone(call, 7)
    chat.say(2).catch(() => {})
    await settle()
    assert.equal(posts[1].lines[0], `K${key},2.bbbbb,0`)
  })

  test('is made for an acknowledgement alone, after 15 s', async t => {
    const { wire, posts, key } = await begin(t)
    wire.down('e1.aaaaa,chat.notice', 'p')
    await pass(14_750)
    assert.equal(posts.length, 0)
    await pass(250)
    assert.deepEqual(posts[0].lines, [`K${key},1.aaaaa,0`])
    await posts[0].answer('a0,1')
    await pass(20_000)
    assert.equal(posts.length, 1)
  })

  test('for an acknowledgement alone is repeated if it fails', async t => {
    const { wire, posts, key } = await begin(t)
    wire.down('e1.aaaaa,chat.notice')
    await pass(15_000)
    await posts[0].break()
    await pass(125)
    assert.deepEqual(posts[1].lines, [`K${key},1.aaaaa,0`])
  })

  test('has at most 250 messages and 300,000 characters, but a large one all the same', async t => {
    const { posts, chat } = await begin(t, { maxFrame: 1e6 })
    for (let i = 0; i < 300; i++) chat.say(i).catch(() => {})
    await settle()
    assert.equal(posts[0].lines.length, 201)
    chat.say('x'.repeat(400_000)).catch(() => {})
    await posts[0].answer('a200,0')
    assert.equal(posts[1].lines.length, 101)
    await posts[1].answer('a300,0')
    assert.equal(posts[2].lines.length, 2)
  })

  test('that fails is repeated with the same numbers, after a while', async t => {
    const { posts, chat, key } = await begin(t)
    const call = fate(chat.say(1))
    await settle()
    await posts[0].break()
    chat.say(2).catch(() => {})
    await pass(124)
    assert.equal(posts.length, 1)
    await pass(1)
    assert.deepEqual(posts[1].lines, [`K${key},,1`, 'C1,chat.say|1', 'C2,chat.say|2'])
    await posts[1].answer('no', 502)
    await pass(249)
    assert.equal(posts.length, 2)
    await pass(1)
    await posts[2].answer('a2,0')
    wantDone(call)
    chat.say(3).catch(() => {})
    await settle()
    await posts[3].break()
    await pass(125)
    assert.equal(posts.length, 5)
  })

  test('counts a try once for each time that something was heard', async t => {
    const { wire, posts, chat } = await begin(t)
    chat.say(1).catch(() => {})
    await settle()
    const tries = () => posts.at(-1).lines[0].split(',')[2]
    await posts[0].break()
    await pass(125)
    assert.equal(tries(), '1')
    await posts[1].break()
    await pass(250)
    assert.equal(tries(), '1')
    wire.down('p')
    await posts[2].answer('bad gateway', 502)
    await pass(500)
    assert.equal(tries(), '2')
    wire.down('p')
    await posts[3].answer('z4006,,', 503)
    await pass(1000)
    assert.equal(tries(), '2')
    wire.down('p')
    await posts[4].answer('where?', 404)
    await pass(2000)
    assert.equal(tries(), '2')
  })

  test('that is refused waits as long as the response asks for, and then as ever', async t => {
    const { posts, chat } = await begin(t)
    chat.say(1).catch(() => {})
    await settle()
    await posts[0].answer('z4006,,', 503, { 'Retry-After': '7' })
    await pass(6999)
    assert.equal(posts.length, 1)
    await pass(1)
    assert.equal(posts.length, 2)
    await posts[1].answer('z4006,,', 503, { 'Retry-After': 'Fri, 31 Dec 1999 23:59:59 GMT' }) // seconds are what we know
    await pass(250)
    assert.equal(posts.length, 3)
  })

  test('of which the instance took nothing is not repeated at once', async t => {
    const { posts, chat } = await begin(t)
    chat.say(1).catch(() => {})
    await settle()
    await posts[0].answer('g1')
    assert.equal(posts.length, 1)
    await pass(125)
    assert.equal(posts.length, 2)
  })

  test('that is told of a gap is followed by what is missing', async t => {
    const { posts, chat } = await begin(t)
    for (const n of [1, 2, 3]) chat.say(n).catch(() => {})
    await settle()
    await posts[0].answer('a1,0\ng2')
    assert.deepEqual(posts[1].lines.slice(1), ['C2,chat.say|2', 'C3,chat.say|3'])
  })

  test('that answers z for a while keeps the connection', async t => {
    const { wire, posts, chat, t: mocked } = await begin(t)
    chat.say(1).catch(() => {})
    await settle()
    await posts[0].answer('z4008,0,')
    await pass(125)
    assert.equal(posts.length, 2)
    assert.equal(wire.closed, false)
    assert.equal(mocked.connections.length, 1)
  })

  test('that is told that the socket is gone begins anew', async t => {
    const { wire, posts, chat, t: mocked } = await begin(t)
    const all = [1, 2].map(n => fate(chat.sum(n)))
    await settle()
    await posts[0].answer('z4004,1,')
    await pass(125)
    wantFailed(all[0], 'gone')
    assert.equal(wire.closed, true)
    mocked.connections[1].down(hello())
    await settle()
    assert.deepEqual(posts[1].lines, [`K${helloOf(mocked.connections[1]).key},,0`, 'C1,chat.sum|2'])
  })

  test('that is refused for good ends the conversation', async t => {
    const { posts, chat, shown } = await begin(t)
    const call = fate(chat.say(1))
    await settle()
    await posts[0].answer('z4002,,', 403)
    wantFailed(call, 'denied')
    assert.equal(shown.at(-1), 'close')
  })

  test('of a socket that is gone meanwhile says nothing to the new one', async t => {
    const { wire, posts, chat, t: mocked } = await begin(t)
    const first = fate(chat.sum(1))
    await settle()
    wire.down('z4004,0,')
    await pass(125)
    mocked.connections[1].down(hello())
    await settle()
    assert.equal(posts.length, 2)
    await posts[0].answer('a1,0')
    assert.equal(first.state, 'pending')
    await posts[1].answer('a1,0')
    wantDone(first)
  })

  test('does not read a page that somebody else answers with', async t => {
    const { posts, chat, shown } = await begin(t)
    const call = fate(chat.say(1))
    await settle()
    await posts[0].answer('<html>\nhead\nr1.aaaaa,1|"fooled"\nmain\n')
    assert.equal(call.state, 'pending')
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('waits for a connection, and does not wait for its pause when there is a new one', async t => {
    const { wire, posts, chat, t: mocked } = await begin(t)
    wire.cut()
    chat.say(1).catch(() => {})
    await settle()
    assert.equal(posts.length, 0)
    await pass(125)
    mocked.connections[1].down(hello())
    await settle()
    await posts[0].break()
    mocked.connections[1].cut()
    await settle()
    await pass(250)
    assert.equal(posts.length, 1)
    mocked.connections[2].down(hello())
    await settle()
    assert.equal(posts.length, 2)
  })
})

describe('volatile messages', () => {
  test('ride along, and are answered in the response', async t => {
    const { posts, chat } = await begin(t)
    chat.say(1).catch(() => {})
    const sent = [1, 2].map(n => fate(chat.volatile.look(n)))
    await settle()
    const lines = posts[0].lines.map(line => /^W(\d+),chat.look\|/.exec(line))
    assert.ok(lines[2] && lines[3])
    await posts[0].answer(`v${lines[2][1]}|"one"\na1,0`)
    wantDone(sent[0], 'one')
    wantFailed(sent[1], 'unavailable')
  })

  test('that wait for a POST are not lost with the one before', async t => {
    const { posts, chat } = await begin(t)
    const first = fate(chat.volatile.look(1))
    await settle()
    const second = fate(chat.volatile.look(2))
    await posts[0].break()
    wantFailed(first, 'unavailable')
    assert.equal(second.state, 'pending')
    await pass(125)
    assert.equal(posts[1].lines.length, 2)
  })

  test('are at most 50 in one', async t => {
    const { posts, chat } = await begin(t)
    for (let i = 0; i < 60; i++) chat.volatile.look(i)
    await settle()
    assert.equal(posts[0].lines.length, 51)
    await posts[0].answer('')
    assert.equal(posts[1].lines.length, 11)
  })
})

test('close says goodbye by a POST that outlives the page', async t => {
  const { rt, posts, chat, key } = await begin(t)
  chat.say(1).catch(() => {})
  await settle()
  chat.say(2).catch(() => {})
  rt.close()
  await settle()
  assert.deepEqual(posts[1].lines, [`K${key},,0`, 'C1,chat.say|1', 'C2,chat.say|2', 'B3'])
  assert.equal(posts[1].init.keepalive, true)
  await posts[0].answer('a1,0')
  await pass(60_000)
  assert.equal(posts.length, 2)
})
