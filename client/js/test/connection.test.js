import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, mock, open, pass, restore, said, settle, start, stopTime, wantDone } from '../harness/index.js'

beforeEach(stopTime) // and chance is 0.5
afterEach(restore)

const names = ['one', 'two', 'three']
const three = () => names.map(name => mock({ name }))
const opened = transports => transports.map(t => t.connections.length)

describe('a first connection', () => {
  test('tries the transports in order, on to the next at once where one fails', async () => {
    const all = three()
    const { rt } = start({}, ...all)
    await settle()
    assert.deepEqual(opened(all), [1, 0, 0])
    all[0].connections[0].cut()
    assert.deepEqual(opened(all), [1, 1, 0])
    all[1].connections[0].down(hello())
    assert.equal(rt.transport, 'two')
    await pass(20_000)
    assert.deepEqual(opened(all), [1, 1, 0])
  })

  test('overtaken by the client itself leaves the next attempt alone', async () => {
    const all = three()
    const { rt } = start({}, ...all)
    await pass(3000)
    all[0].connections[0].down('z4003,,')
    assert.equal(all[1].connections[0].closed, false)
    all[2].connections[0].down(hello())
    assert.equal(rt.transport, 'three')
  })

  test('gives each a head start of 3 s, and takes the first that is answered', async () => {
    const all = three()
    const { rt } = start({}, ...all)
    await pass(2999)
    assert.deepEqual(opened(all), [1, 0, 0])
    await pass(1)
    assert.deepEqual(opened(all), [1, 1, 0])
    assert.equal(all[0].connections[0].closed, false)
    await pass(1000)
    all[0].connections[0].down(hello())
    assert.equal(rt.transport, 'one')
    assert.equal(all[1].connections[0].closed, false)
    await pass(2000)
    assert.equal(all[1].connections[0].closed, true)
    await pass(20_000)
    assert.deepEqual(opened(all), [1, 1, 0])
  })

  test('that is buffered does not win by being ended', async () => {
    const all = three()
    const { rt, shown } = start({}, ...all)
    await pass(6000)
    // The third hello has arrived, and ended the second attempt: what a proxy kept back of it comes all at once.
    all[1].connections[0].down(hello(), 'z4005,,')
    all[2].connections[0].down(hello())
    await pass(20_000)
    assert.equal(rt.transport, 'three')
    assert.deepEqual(opened(all), [1, 1, 1])
    assert.equal(all[0].connections[0].closed, true)
    assert.deepEqual(shown, ['open', 'reconnected', 'ready'])
  })

  test('that failed does not start another attempt where there is a connection', async () => {
    const all = three()
    start({}, ...all)
    await pass(3000)
    all[0].connections[0].down(hello())
    all[1].connections[0].cut()
    await pass(20_000)
    assert.deepEqual(opened(all), [1, 1, 0])
  })

  test('tries all again after a while, with more patience', async () => {
    const all = three()
    start({}, ...all)
    await pass(9000)
    assert.deepEqual(opened(all), [1, 1, 1])
    assert.deepEqual(all.map(t => t.connections[0].closed), [true, true, true])
    await pass(125)
    assert.deepEqual(opened(all), [2, 1, 1])
    await pass(3999)
    assert.deepEqual(opened(all), [2, 1, 1])
    await pass(1)
    assert.deepEqual(opened(all), [2, 2, 1])
  })

  test('passes over a transport that cannot be used here', async () => {
    const two = mock({ name: 'two' })
    const { rt } = start({}, { name: 'one', open() { throw new Error('no WebSocket') } }, two)
    const errors = []
    rt.on('error', e => errors.push(e.message))
    await settle()
    two.connections[0].down(hello())
    assert.equal(rt.transport, 'two')
    assert.deepEqual(errors, ['no WebSocket'])
  })

  test('takes the transports that were asked for, by name or as they are', async () => {
    const own = mock({ name: 'own' })
    const all = three()
    const { rt } = start({ transports: ['three', 'nothing', own] }, ...all)
    const errors = []
    rt.on('error', e => errors.push(e.name))
    await settle()
    assert.deepEqual(opened(all), [0, 0, 1])
    all[2].connections[0].cut()
    assert.equal(own.connections.length, 1)
    assert.deepEqual(errors, ['TypeError']) // there is no transport nothing
  })

  test('refused by the instance does not try another transport', async () => {
    const all = three()
    const { shown } = start({}, ...all)
    await settle()
    all[0].connections[0].down('z4006,,')
    assert.deepEqual(opened(all), [1, 0, 0])
    await pass(125)
    assert.deepEqual(opened(all), [2, 0, 0])
    all[0].connections[1].down('z4002,,')
    await pass(20_000)
    assert.deepEqual(opened(all), [2, 0, 0])
    assert.deepEqual(shown, ['close'])
  })

  test('refused by the instance for good ends, though another is tried already', async () => {
    const all = three()
    const { shown } = start({}, ...all)
    await pass(3000)
    all[0].connections[0].down('z4002,,')
    await pass(20_000)
    assert.deepEqual(opened(all), [1, 1, 0])
    assert.equal(all[1].connections[0].closed, true)
    assert.deepEqual(shown, ['close'])
  })
})

describe('a connection that broke', () => {
  test('is tried again with what worked, twice, then with all', async () => {
    const all = three()
    start({}, ...all)
    await settle()
    all[0].connections[0].cut()
    all[1].connections[0].down(hello())
    await settle()
    for (const n of [1, 2]) {
      all[1].connections[n - 1].cut()
      await pass(500)
      assert.deepEqual(opened(all), [1, n + 1, 0])
    }
    all[1].connections[2].cut()
    await pass(500)
    assert.deepEqual(opened(all), [2, 3, 0])
    all[0].connections[1].cut()
    assert.deepEqual(opened(all), [2, 4, 0])
    all[1].connections[3].cut()
    assert.deepEqual(opened(all), [2, 4, 1])
  })

  test('is tried again with full jitter, 0.25 to 10 s', async () => {
    const { t, wire } = await open()
    wire.cut()
    for (const wait of [125, 250, 500, 1000, 2000, 4000, 5000, 5000]) {
      const before = t.connections.length
      await pass(wait - 1)
      assert.equal(t.connections.length, before)
      await pass(1)
      assert.equal(t.connections.length, before + 1)
      t.connections.at(-1).cut()
    }
    await pass(5000)
    t.connections.at(-1).down(hello())
    await settle()
    const before = t.connections.length
    t.connections.at(-1).cut()
    await pass(125)
    assert.equal(t.connections.length, before + 1)
  })

  test('is tried again as the program says, and given up', async () => {
    const { rt, t, wire, shown } = await open({ reconnect: { min: 100, max: 150, attempts: 3 } })
    wire.cut()
    for (const wait of [50, 75, 75]) {
      await pass(wait)
      t.connections.at(-1).cut()
    }
    await pass(60_000)
    assert.equal(t.connections.length, 4)
    assert.equal(shown.at(-1), 'reconnect_failed')
    rt.use()
    await settle()
    assert.equal(t.connections.length, 5)
    t.connections[4].cut()
    await pass(50)
    assert.equal(t.connections.length, 6)
    t.connections[5].down(hello())
    await settle()
    assert.deepEqual(shown.slice(-2), ['reconnected', 'ready'])
  })

  test('is one that says nothing for twice its heartbeat', async () => {
    const { t, wire } = await open()
    await pass(49_999)
    wire.down('p')
    await pass(49_999)
    assert.equal(wire.closed, false)
    await pass(1)
    assert.equal(wire.closed, true)
    await pass(125)
    assert.equal(t.connections.length, 2)
  })

  test('is one without a heartbeat that says nothing for 50 s', async () => {
    const { t } = start()
    await settle()
    t.connections[0].down(hello({ hb: 0 }))
    await pass(49_999)
    assert.equal(t.connections[0].closed, false)
    await pass(1)
    assert.equal(t.connections[0].closed, true)
  })

  test('is one of which a hello stays without an answer for so long, whatever else comes', async () => {
    const { t } = start()
    await settle()
    const [wire] = t.connections
    wire.down(hello({ hb: 0 }))
    await pass(30_000)
    wire.down('p')
    wire.poll()
    await pass(40_000)
    wire.down('p')
    wire.down(hello({ hb: 0 }))
    wire.poll()
    await pass(49_999)
    wire.down('p')
    assert.equal(wire.closed, false)
    await pass(1)
    assert.equal(wire.closed, true)
  })

  test('is not listened to any more', async () => {
    const heard = []
    const { rt, t, wire } = await open()
    rt.service('chat', { notice: v => heard.push(v) })
    wire.cut()
    await pass(125)
    wire.down('e1.aaaaa,chat.notice|1')
    t.connections[1].down('e1.aaaaa,chat.notice|2') // before its hello
    t.connections[1].down(hello(), 'e1.aaaaa,chat.notice|3')
    wire.down('e2.bbbbb,chat.notice|4', 'z4002,,')
    assert.deepEqual(heard, [3])
    assert.equal(rt.status, 'reconnected')
  })
})

describe('a move', () => {
  test('of m0 connects at once, and the old connection lasts until the new one stands', async () => {
    const heard = []
    const { rt, t, wire, shown } = await open()
    rt.service('chat', { notice: v => heard.push(v) })
    const call = fate(rt.service('chat').sum(1))
    await settle()
    wire.down('m0')
    await settle()
    assert.equal(t.connections.length, 2)
    assert.deepEqual([helloOf(t.connections[1]).c, helloOf(t.connections[1]).tries], [2, undefined])
    wire.down('e1.aaaaa,chat.notice|1')
    t.connections[1].down(hello(), 'e1.aaaaa,chat.notice|1', 'e2.bbbbb,chat.notice|2')
    assert.equal(wire.closed, true)
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.sum|1'])
    t.connections[1].down('r3.ccccc,1|1')
    await settle()
    wantDone(call, 1)
    assert.deepEqual(heard, [1, 2])
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('within a time is spread over it', async () => {
    const { t, wire } = await open()
    wire.down('m4000')
    await pass(1999)
    assert.equal(t.connections.length, 1)
    await pass(1)
    assert.equal(t.connections.length, 2)
  })

  test('is not shown if it is quick, though the old connection has ended', async () => {
    const { t, wire, shown } = await open()
    wire.down('m0', 'z4000,,')
    await pass(999)
    t.connections[1].down(hello())
    await pass(5000)
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('is shown if it takes long', async () => {
    const { t, wire, shown } = await open()
    wire.down('z4000,,')
    await pass(999)
    assert.deepEqual(shown, ['open', 'ready'])
    await pass(1)
    assert.deepEqual(shown, ['open', 'ready', 'reconnecting'])
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(shown.slice(3), ['reconnected', 'ready'])
  })

  test('does not keep a later break from being shown at once', async () => {
    const { t, wire, shown } = await open()
    wire.down('m0')
    await settle()
    t.connections[1].down(hello())
    await settle()
    t.connections[1].cut()
    await pass(1)
    assert.deepEqual(shown, ['open', 'ready', 'reconnecting'])
  })

  test('that fails leaves the connection as it is', async () => {
    const { rt, t, wire } = await open()
    wire.down('m0')
    await settle()
    t.connections[1].cut()
    await settle()
    assert.equal(wire.closed, false)
    assert.equal(rt.status, 'ready')
    rt.service('chat').say(1).catch(() => {})
    await pass(20_000)
    assert.deepEqual(said(wire), ['C1,chat.say|1'])
    assert.equal(t.connections.length, 2)
  })

  test('is nothing to a poll', async () => {
    const { t } = start()
    await settle()
    t.connections[0].down(hello({ hb: 0 }), 'm0')
    await pass(1000)
    assert.equal(t.connections.length, 1)
  })
})

describe('a change of transport', () => {
  test('in the middle of a conversation loses nothing', async () => {
    const heard = []
    const all = three()
    const { rt, wire } = await open({}, ...all)
    rt.service('chat', { notice: v => heard.push(v) })
    const calls = [1, 2].map(n => fate(rt.service('chat').sum(n)))
    await settle()
    rt.use('three')
    await settle()
    assert.deepEqual(opened(all), [1, 0, 1])
    const next = all[2].connections[0]
    wire.down('r1.aaaaa,1|1', 'e2.bbbbb,chat.notice|"old"')
    next.down(hello({ in: 1, at: 1 }), 'e2.bbbbb,chat.notice|"old"', 'e3.ccccc,chat.notice|"new"')
    await settle()
    assert.equal(rt.transport, 'three')
    assert.deepEqual(said(next), ['C2,chat.sum|2'])
    next.down('r4.ddddd,2|2')
    await settle()
    calls.forEach((c, i) => wantDone(c, i + 1))
    assert.deepEqual(heard, ['old', 'new'])
  })

  test('that a poll of the connection before overtakes is tried once more', async () => {
    const all = three()
    const { rt, wire, shown } = await open({}, ...all)
    rt.use('two')
    await settle()
    wire.poll()
    all[1].connections[0].down('z4003,,')
    assert.deepEqual(opened(all), [1, 2, 0])
    all[1].connections[1].down(hello())
    assert.equal(rt.transport, 'two')
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('that was heard of but has failed by itself leaves nothing to do but to connect again', async () => {
    const all = three()
    const { rt, wire } = await open({}, ...all)
    rt.use('two')
    await settle()
    all[1].connections[0].cut()
    wire.down('z4005,,')
    await pass(125)
    assert.deepEqual(opened(all), [2, 1, 0])
  })

  test('is told, and that back again too, but not a connection by the same', async () => {
    const all = three()
    const { rt, t } = start({}, ...all)
    const used = []
    rt.on('transport', name => used.push([name, rt.transport]))
    await settle()
    t.connections[0].down(hello())
    assert.deepEqual(used, [['one', 'one']])
    t.connections[0].cut()
    await pass(125)
    t.connections[1].down(hello())
    assert.equal(used.length, 1)
    rt.use('two')
    await settle()
    all[1].connections[0].down(hello())
    rt.use('one')
    await settle()
    t.connections[2].down(hello())
    assert.deepEqual(used, [['one', 'one'], ['two', 'two'], ['one', 'one']])
  })

  test('to a better one is tried every five minutes, and the conversation goes on', async () => {
    const heard = []
    const all = three()
    const { rt, shown } = start({}, ...all)
    rt.service('chat', { notice: v => heard.push(v) })
    await settle()
    all[0].connections[0].cut()
    all[1].connections[0].cut()
    const lesser = all[2].connections[0]
    lesser.down(hello({ hb: 9999 }))
    await pass(300_000 - 1, 10_000)
    assert.deepEqual(opened(all), [1, 1, 1])
    await pass(1)
    assert.deepEqual(opened(all), [2, 1, 1])
    all[0].connections[1].cut()
    all[1].connections[1].cut()
    all[2].connections[1].cut()
    assert.equal(lesser.closed, false)
    lesser.down('e1.aaaaa,chat.notice|1')
    await pass(300_000, 10_000)
    assert.deepEqual(opened(all), [3, 2, 2])
    all[0].connections[2].down(hello(), 'e1.aaaaa,chat.notice|1', 'e2.bbbbb,chat.notice|2')
    assert.equal(lesser.closed, true)
    assert.equal(rt.transport, 'one')
    assert.deepEqual(heard, [1, 2])
    all[0].connections[2].down(hello({ hb: 9999 }))
    await pass(900_000, 10_000)
    assert.deepEqual(opened(all), [3, 2, 2])
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('that the program asked for is not undone', async () => {
    const all = three()
    const { rt } = await open({}, ...all)
    rt.use('three')
    await settle()
    all[2].connections[0].down(hello({ hb: 9999 }))
    await pass(900_000, 10_000)
    assert.deepEqual(opened(all), [1, 0, 1])
  })

  test('is not tried any more after close', async t => {
    const all = three()
    const { rt } = start({}, ...all)
    await settle()
    all[0].connections[0].cut()
    all[1].connections[0].down(hello({ hb: 9999 }))
    rt.close()
    const set = t.mock.method(globalThis, 'setTimeout')
    await pass(900_000, 10_000)
    assert.deepEqual(opened(all), [1, 1, 0])
    assert.equal(set.mock.callCount(), 0)
  })

  test('is not made after close, nor is any connection', async () => {
    const all = three()
    const { rt } = start({}, ...all)
    rt.close()
    rt.use('two')
    await pass(10_000)
    assert.deepEqual(opened(all), [0, 0, 0])
  })

  test('that fails changes nothing', async () => {
    const all = three()
    const { rt, wire, shown } = await open({}, ...all)
    rt.use('two')
    await settle()
    all[1].connections[0].cut()
    await pass(1000)
    assert.equal(rt.transport, 'one')
    assert.equal(wire.closed, false)
    assert.deepEqual(shown, ['open', 'ready'])
  })
})
