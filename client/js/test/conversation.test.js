import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, open, pass, refused, restore, said, settle, start, stopTime, wantDone, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

describe('the hello', () => {
  test('of a new client says only who it is', async () => {
    const { t } = start({ auth: 'secret', build: 'b7' })
    await settle()
    const h = helloOf(t.connections[0])
    assert.match(h.key, /^[\w-]{22}$/)
    assert.deepEqual({ ...h, key: '' }, { v: 1, key: '', c: 1, auth: 'secret', build: 'b7' })
  })

  test('asks a function for the token, each time', async () => {
    let n = 0
    const { t, wire } = await open({ auth: () => 'token' + ++n })
    wire.cut()
    await pass(250)
    assert.equal(helloOf(t.connections[1]).auth, 'token2')
  })

  test('of a resume says where the client is', async () => {
    const { rt, t, wire } = await open()
    const chat = rt.service('chat', { notice() {} })
    chat.say(1)
    chat.say(2)
    await settle()
    wire.down('e1.aaaaa,chat.notice', 'a1,1', 'e2.bbbbb,chat.notice')
    await settle()
    wire.cut()
    await pass(250)
    const before = helloOf(wire)
    const h = helloOf(t.connections[1])
    assert.deepEqual(h, { v: 1, key: before.key, c: 2, cur: '2.bbbbb', in: 1, tries: 1, now: true })
  })

  test('of a resume before the first entry has the place before it', async () => {
    const { t, wire } = await open()
    wire.cut()
    await pass(250)
    assert.deepEqual(helloOf(t.connections[1]).cur, '0.')
  })

  test('whose answer was lost is repeated as a new one of the same socket', async () => {
    const { t } = start()
    await settle()
    t.connections[0].cut()
    await pass(250)
    const h = helloOf(t.connections[1])
    assert.equal(h.key, helloOf(t.connections[0]).key)
    assert.equal(h.c, 2)
    assert.equal('cur' in h, false)
  })
})

describe('the status', () => {
  test('is connecting, open, ready', async () => {
    const { rt, t, shown } = start()
    assert.equal(rt.status, 'connecting')
    const ready = []
    rt.on('ready', () => ready.push(rt.id))
    await settle()
    t.connections[0].down(hello())
    await settle()
    assert.deepEqual(shown, ['open', 'ready'])
    assert.deepEqual(ready, ['socket'])
    assert.equal(rt.transport, 'mock')
  })

  test('is ready when what waited is settled and the stream is read', async () => {
    const { rt, t, shown } = start()
    const sent = fate(rt.service('chat').say(1))
    await settle()
    t.connections[0].down(hello({ at: 2 }))
    await settle()
    assert.deepEqual(said(t.connections[0]), ['C1,chat.say|1'])
    t.connections[0].down('a1,1')
    rt.service('chat', { notice() {} })
    t.connections[0].down('e1.aaaaa,chat.notice')
    await settle()
    wantDone(sent)
    assert.deepEqual(shown, ['open'])
    t.connections[0].down('e2.bbbbb,chat.notice')
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('is not ready while something that waited is not settled', async () => {
    const { rt, t, shown } = start()
    rt.service('chat').say(1).catch(() => {})
    await settle()
    t.connections[0].down(hello())
    await settle()
    assert.deepEqual(shown, ['open'])
    rt.service('chat').say(2).catch(() => {})
    await settle()
    t.connections[0].down('a1,0')
    await settle()
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('of a break is reconnecting, reconnected, ready', async () => {
    const { t, wire, shown } = await open()
    wire.cut()
    await pass(250)
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(shown, ['open', 'ready', 'reconnecting', 'reconnected', 'ready'])
  })
})

describe('the own stream', () => {
  test('gives each entry once', async () => {
    const heard = []
    const { rt, t, wire } = await open()
    rt.service('chat', { notice: text => heard.push(text) })
    wire.down('e1.aaaaa,chat.notice|"a"', 'e1.aaaaa,chat.notice|"a"', 'e2.bbbbb,chat.notice|"b"')
    wire.cut()
    await pass(250)
    t.connections[1].down(hello(), 'e2.bbbbb,chat.notice|"b"', 'e3.ccccc,chat.notice|"c"')
    assert.deepEqual(heard, ['a', 'b', 'c'])
  })

  test('gives volatile events as they come', async () => {
    const heard = []
    const { rt, wire } = await open()
    rt.service('chat', { notice: text => heard.push(text) })
    wire.down('e,chat.notice|"a"', 'e,chat.notice|"a"', 'e1.aaaaa,chat.notice|"b"')
    assert.deepEqual(heard, ['a', 'a', 'b'])
  })

  test('that lost entries is told, and what may have had its answer there fails', async () => {
    const lost = []
    const { rt, t, wire } = await open()
    rt.on('lost', l => lost.push(l))
    const chat = rt.service('chat')
    const [a, b] = [fate(chat.sum(1)), fate(chat.sum(2))]
    await settle()
    wire.cut()
    await pass(250)
    const late = fate(chat.sum(3))
    const later = fate(chat.say(4))
    t.connections[1].down(hello({ in: 1, at: 30 }), 'l,20.jjjjj,expired')
    await settle()
    assert.deepEqual(lost, [{ stream: '', why: 'expired' }])
    assert.equal(a.state, 'pending')
    t.connections[1].down('r30.ccccc,2|2', 'r31.ddddd,3|3', 'a4,31')
    await settle()
    wantDone(later)
    wantFailed(a, 'gone')
    wantDone(b, 2)
    wantDone(late, 3)
  })

  test('is acknowledged after 64 entries', async () => {
    const { wire } = await open()
    for (let n = 1; n <= 63; n++) wire.down(`u${n}.aaaaa,x`)
    await settle()
    assert.deepEqual(said(wire), [])
    wire.down('u64.bbbbb,x')
    await settle()
    assert.deepEqual(said(wire), ['A64.bbbbb'])
  })

  test('is acknowledged after 64 KiB', async () => {
    const { rt, wire } = await open()
    rt.service('chat', { notice() {} })
    wire.down(`e1.aaaaa,chat.notice|"${'x'.repeat(60 << 10)}"`)
    await settle()
    assert.deepEqual(said(wire), [])
    wire.down(`e2.bbbbb,chat.notice|"${'x'.repeat(5 << 10)}"`)
    await settle()
    assert.deepEqual(said(wire), ['A2.bbbbb'])
  })

  test('is acknowledged after 15 s, once', async () => {
    const { wire } = await open()
    wire.down('u1.aaaaa,x')
    await pass(14_999)
    assert.deepEqual(said(wire), [])
    await pass(1)
    assert.deepEqual(said(wire), ['A1.aaaaa'])
    await pass(20_000)
    assert.deepEqual(said(wire), [])
  })

  test('is acknowledged by the answer to a ping, and by a hello', async () => {
    const { t, wire } = await open()
    wire.down('u1.aaaaa,x', 'p')
    await settle()
    assert.deepEqual(said(wire), ['A1.aaaaa'])
    wire.down('u2.bbbbb,x')
    wire.cut()
    await pass(250)
    t.connections[1].down(hello())
    await pass(15_000)
    assert.equal(helloOf(t.connections[1]).cur, '2.bbbbb')
    assert.deepEqual(said(t.connections[1]), [])
  })
})

describe('the socket that is gone', () => {
  const begin = async () => {
    const all = await open()
    const lost = []
    all.rt.on('lost', l => lost.push(l))
    const chat = all.rt.service('chat')
    const calls = [1, 2, 3].map(n => fate(chat.sum(n)))
    await settle()
    all.wire.down('a1,9')
    await settle()
    return { ...all, lost, calls, chat }
  }

  test('has what took effect fail, and what did not sent on a new one', async () => {
    const { t, wire, lost, calls, shown } = await begin()
    wire.down('z4004,2,stayed away')
    await pass(250)
    wantFailed(calls[0], 'gone')
    wantFailed(calls[1], 'gone')
    assert.equal(calls[2].state, 'pending')
    assert.deepEqual(lost, [{ stream: '', why: 'gone' }])
    const h = helloOf(t.connections[1])
    assert.notEqual(h.key, helloOf(wire).key)
    assert.deepEqual({ ...h, key: '' }, { v: 1, key: '', c: 1 })
    t.connections[1].down(hello({ id: 'other' }))
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|3'])
    t.connections[1].down('r1.zzzzz,1|6')
    await settle()
    wantDone(calls[2], 6)
    assert.deepEqual(shown, ['open', 'ready', 'reconnecting', 'open', 'ready'])
  })

  test('without its number has what was sent fail, and says of what nobody knows more', async () => {
    const { rt, t, wire, calls } = await begin()
    wire.cut()
    const unsent = fate(rt.service('chat').sum(4))
    await pass(250)
    t.connections[1].down('z4004,,')
    await pass(500)
    wantFailed(calls[0], 'gone')
    wantFailed(calls[1], 'unknown')
    wantFailed(calls[2], 'unknown')
    t.connections[2].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[2]), ['C1,chat.sum|4'])
    assert.equal(unsent.state, 'pending')
  })

  test('because the store has lost messages has them sent again, if nobody was told that they took effect', async () => {
    const { t, wire, calls } = await begin()
    wire.down('a3,9', 'z4010,1,')
    await pass(250)
    wantFailed(calls[0], 'gone')
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|2', 'C2,chat.sum|3'])
  })

  test('forgets calls that were given up', async () => {
    const { rt, t, wire } = await open()
    const abort = new AbortController()
    rt.service('chat').sum(1, { signal: abort.signal }).catch(() => {})
    rt.service('chat').sum(2).catch(() => {})
    await settle()
    abort.abort()
    wire.down('z4012,0,')
    await pass(250)
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|2'])
  })
})

describe('a conversation that the instance ends', () => {
  test('says what took effect before that', async () => {
    const { rt, wire } = await open()
    const calls = [1, 2].map(n => fate(rt.service('chat').sum(n)))
    await settle()
    wire.down('z4011,1,logged out')
    await settle()
    wantFailed(calls[0], 'gone')
    wantFailed(calls[1], 'ended')
  })

  for (const [frame, code, why] of [
    ['z4001,,what is this', 'malformed', 'what is this'],
    ['z4002,,', 'denied', ''],
    ['z4003,,', 'stale', ''],
    ['z4005,,', 'replaced', ''],
    ['z4007,,', 'too_big', ''],
    ['z4009,,', 'version', ''],
    ['z4011,0,kicked', 'ended', 'kicked']
  ]) {
    test(frame, async () => {
      const { rt, t, wire, shown } = await open()
      const told = []
      rt.on('close', more => told.push(more))
      const call = fate(rt.service('chat').sum(1))
      await settle()
      wire.down(frame)
      await pass(60_000)
      assert.deepEqual(told, [{ code, why }])
      assert.equal(shown.at(-1), 'close')
      wantFailed(call, code)
      wantFailed(await refused(rt.service('chat').sum(2)), code)
      assert.equal(t.connections.length, 1)
      assert.equal(wire.closed, true)
    })
  }

  for (const frame of ['z4000,,', 'z4006,,', 'z4008,,', 'z4013,,', 'z4999,,of tomorrow']) {
    test(frame + ' is no end', async () => {
      const { rt, t, wire } = await open()
      const call = fate(rt.service('chat').sum(1))
      await settle()
      wire.down(frame)
      await pass(250)
      const h = helloOf(t.connections[1])
      assert.equal(h.key, helloOf(wire).key)
      assert.equal('tries' in h, false) // the instance has answered: the message has not killed it
      t.connections[1].down(hello())
      await settle()
      assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|1'])
      assert.equal(call.state, 'pending')
    })
  }

  test('by replacing an attach that the client itself has replaced is none', async () => {
    const { rt, t, wire, shown } = await open()
    rt.use('mock')
    await settle()
    wire.down('z4005,,')
    await pass(900)
    t.connections[1].down(hello())
    await pass(2000)
    assert.deepEqual(shown, ['open', 'ready'])
    assert.equal(t.connections[1].closed, false)
  })
})

describe('close', () => {
  test('says goodbye after everything else, and ends', async t => {
    const post = t.mock.method(globalThis, 'fetch', async () => new Response(''))
    const { rt, wire, shown } = await open()
    const sent = fate(rt.service('chat').say(1))
    rt.close()
    rt.close()
    await settle()
    assert.deepEqual(said(wire), ['C1,chat.say|1', 'B2'])
    assert.equal(wire.closed, true)
    wantFailed(sent, 'closed')
    assert.deepEqual(shown, ['open', 'ready', 'close'])
    assert.equal(post.mock.callCount(), 0)
  })

  test('before the first connection ends without one', async () => {
    const { rt, t, shown } = start()
    rt.close()
    await pass(60_000)
    assert.equal(t.connections.length, 0)
    assert.deepEqual(shown, ['close'])
  })
})
