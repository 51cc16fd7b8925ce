import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, open, pass, refused, restore, said, settle, start, stopTime, wantDone, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

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
