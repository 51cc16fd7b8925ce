import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, open, pass, restore, said, settle, start, stopTime, wantDone, wantFailed } from '../harness/index.js'

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

describe('a message', () => {
  test('is numbered when it is first sent', async () => {
    const { rt, t } = start()
    const chat = rt.service('chat')
    const abort = new AbortController()
    const gone = fate(chat.say('a', { signal: abort.signal }))
    chat.say('b').catch(() => {})
    abort.abort()
    await settle()
    t.connections[0].down(hello())
    await settle()
    wantFailed(gone, 'aborted')
    assert.deepEqual(said(t.connections[0]), ['C1,chat.say|"b"'])
  })

  test('is settled by its answer', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat')
    const [a, b] = [fate(chat.sum([1, 2])), fate(chat.sum())]
    await settle()
    assert.deepEqual(said(wire), ['C1,chat.sum|[1,2]', 'C2,chat.sum'])
    wire.down('r1.aaaaa,1|3', 'x2.bbbbb,2|{"code":"invalid","message":"what?"}')
    await settle()
    wantDone(a, 3)
    assert.deepEqual(b, { state: 'failed', code: 'invalid', message: 'what?' })
  })

  test('without an answer is settled when the own stream is read to where its acknowledgement says', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat', { notice() {} })
    const [a, b, c] = [fate(chat.say(1)), fate(chat.sum(2)), fate(chat.say(3))]
    await settle()
    wire.down('a3,2')
    await settle()
    assert.deepEqual([a.state, b.state, c.state], ['pending', 'pending', 'pending'])
    wire.down('e1.aaaaa,chat.notice')
    await settle()
    assert.deepEqual([a.state, b.state, c.state], ['pending', 'pending', 'pending'])
    wire.down('r2.bbbbb,2|"two"')
    await settle()
    wantDone(a)
    wantDone(b, 'two')
    wantDone(c)
  })

  test('that was acknowledged below the place of the stream is settled at once', async () => {
    const { rt, wire } = await open()
    const a = fate(rt.service('chat', { notice() {} }).say(1))
    await settle()
    wire.down('e1.aaaaa,chat.notice', 'a1,1')
    await settle()
    wantDone(a)
  })

  test('keeps the first place at which it is settled', async () => {
    const { rt, wire } = await open()
    const sent = fate(rt.service('chat', { notice() {} }).say(1))
    await settle()
    wire.down('a1,1', 'a1,9', 'e1.aaaaa,chat.notice')
    await settle()
    wantDone(sent)
  })

  test('that was answered took effect, as the next hello says', async () => {
    const { rt, t, wire } = await open()
    rt.service('chat').sum(1)
    await settle()
    wire.down('r1.aaaaa,1|1')
    wire.cut()
    await pass(250)
    assert.equal(helloOf(t.connections[1]).in, 1)
  })

  test('before an answered one had its answer, or has none', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat')
    const [a, b] = [fate(chat.say(1)), fate(chat.sum(2))]
    await settle()
    wire.down('r1.aaaaa,2|2')
    await settle()
    wantDone(a)
    wantDone(b, 2)
  })

  test('settled by the hello of a resume is not sent again, the others are, with their numbers', async () => {
    const { rt, t, wire } = await open()
    const chat = rt.service('chat')
    const all = [1, 2, 3].map(n => fate(chat.say(n)))
    await settle()
    assert.equal(said(wire).length, 3)
    wire.cut()
    const late = fate(chat.say(4))
    await pass(250)
    t.connections[1].down(hello({ in: 2, at: 0 }))
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C3,chat.say|3', 'C4,chat.say|4'])
    wantDone(all[0])
    wantDone(all[1])
    t.connections[1].down('a4,0')
    await settle()
    wantDone(all[2])
    wantDone(late)
  })

  test('that took effect before the break waits for its answer, and is not sent again', async () => {
    const { rt, t, wire } = await open()
    const call = fate(rt.service('chat').sum(1))
    await settle()
    wire.cut()
    await pass(250)
    t.connections[1].down(hello({ in: 1, at: 1 }))
    await settle()
    assert.deepEqual(said(t.connections[1]), [])
    assert.equal(call.state, 'pending')
    t.connections[1].down('r1.aaaaa,1|"late"')
    await settle()
    wantDone(call, 'late')
  })

  test('is sent again from where the instance has a gap', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat')
    for (const n of [1, 2, 3]) chat.say(n).catch(() => {})
    await settle()
    said(wire)
    wire.down('a1,0', 'g2')
    await settle()
    assert.deepEqual(said(wire), ['C2,chat.say|2', 'C3,chat.say|3'])
  })

  test('waits while 200 are on their way', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat')
    for (let n = 1; n <= 300; n++) chat.say(n).catch(() => {})
    await settle()
    assert.equal(said(wire).length, 200)
    wire.down('a150,0')
    await settle()
    assert.deepEqual(said(wire).map(line => line.slice(0, 4)).filter((_, i) => i === 0 || i === 99), ['C201', 'C300'])
  })

  test('of one tick goes in one piece', async () => {
    const sent = []
    const { rt } = await open({}, {
      name: 'counted',
      connections: [{ down() {} }],
      open(link) {
        link.hello()
        queueMicrotask(() => link.frames(hello()))
        return { send: text => sent.push(text) }
      }
    })
    const chat = rt.service('chat')
    chat.say(1)
    chat.say(2)
    await settle()
    assert.deepEqual(sent, ['C1,chat.say|1\nC2,chat.say|2'])
  })

  test('of bytes is base64', async () => {
    const { rt, wire } = await open()
    const files = rt.service('files')
    const call = fate(files.put(new Uint8Array([0, 255, 128])))
    files.put(new Uint8Array([104, 105]).buffer).catch(() => {})
    await settle()
    assert.deepEqual(said(wire), ['C1,files.put*AP+A', 'C2,files.put*aGk='])
    wire.down('r1.aaaaa,1*aGk=')
    await settle()
    assert.deepEqual(call.value, new Uint8Array([104, 105]))
  })

  test('that is too big is refused here', async () => {
    const { rt, wire } = await open({ maxFrame: 100 })
    const chat = rt.service('chat')
    wantFailed(await refused(chat.say('x'.repeat(100))), 'too_big')
    wantFailed(await refused(chat.say('ü'.repeat(50))), 'too_big')
    chat.say('x'.repeat(50)).catch(() => {})
    await settle()
    assert.equal(said(wire).length, 1)
  })

  test('that cannot be encoded is refused here', async () => {
    const { rt } = await open()
    const loop = {}
    loop.loop = loop
    const f = await refused(rt.service('chat').say(loop))
    assert.equal(f.state, 'failed')
  })
})

const refused = async promise => {
  const f = fate(promise)
  await settle()
  return f
}

describe('a call that is given up', () => {
  test('after its time is rejected, but was sent, and keeps its number', async () => {
    const { rt, t, wire } = await open()
    const chat = rt.service('chat')
    const call = fate(chat.sum(1, { timeout: 1000 }))
    await pass(999)
    assert.equal(call.state, 'pending')
    await pass(1)
    wantFailed(call, 'timeout')
    wire.cut()
    await pass(250)
    t.connections[1].down(hello())
    const next = fate(chat.sum(2))
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|1', 'C2,chat.sum|2'])
    t.connections[1].down('r1.aaaaa,1|1', 'r2.bbbbb,2|2')
    await settle()
    wantDone(next, 2)
  })

  test('by an aborted signal was never begun', async () => {
    const { rt, wire } = await open()
    wantFailed(await refused(rt.service('chat').say(1, { signal: AbortSignal.abort() })), 'aborted')
    assert.deepEqual(said(wire), [])
  })

  test('leaves nothing behind when it is settled', async t => {
    const { rt, wire } = await open()
    const begun = t.mock.method(globalThis, 'setTimeout')
    const ended = t.mock.method(globalThis, 'clearTimeout')
    const { signal } = new AbortController()
    let listening = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = function (...args) { listening++; addEventListener.apply(this, args) }
    signal.removeEventListener = function (...args) { listening--; removeEventListener.apply(this, args) }
    const call = fate(rt.service('chat').sum(1, { signal, timeout: 1000 }))
    await settle()
    assert.equal(listening, 1)
    wire.down('r1.aaaaa,1|1')
    await settle()
    assert.equal(listening, 0)
    const timer = begun.mock.calls.find(call => call.arguments[1] === 1000).result
    assert.ok(ended.mock.calls.some(call => call.arguments[0] === timer))
    wantDone(call, 1)
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
  for (const [frame, code, why] of [
    ['z4001,,what is this', 'malformed', 'what is this'],
    ['z4002,,', 'denied', ''],
    ['z4003,,', 'stale', ''],
    ['z4005,,', 'replaced', ''],
    ['z4007,,', 'too_big', ''],
    ['z4009,,', 'version', ''],
    ['z4011,5,kicked', 'ended', 'kicked']
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

describe('tries', () => {
  test('are counted for the first message, when a connection breaks that carried it', async () => {
    const { rt, t, wire } = await open()
    const chat = rt.service('chat')
    chat.sum(1).catch(() => {})
    chat.sum(2).catch(() => {})
    await settle()
    wire.cut()
    await pass(250)
    t.connections[1].down(hello())
    await settle()
    t.connections[1].cut()
    await pass(500)
    assert.equal(helloOf(t.connections[2]).tries, 2)
    t.connections[2].down(hello({ in: 1 }))
    t.connections[2].cut()
    await pass(1000)
    assert.equal('tries' in helloOf(t.connections[3]), false)
  })

  test('are not counted while there is no network', async () => {
    const { rt, t, wire } = await open()
    rt.service('chat').sum(1).catch(() => {})
    await settle()
    wire.cut()
    for (const wait of [250, 500, 1000, 2000]) {
      await pass(wait)
      t.connections.at(-1).cut()
    }
    await pass(4000)
    assert.equal(helloOf(t.connections.at(-1)).tries, 1)
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
