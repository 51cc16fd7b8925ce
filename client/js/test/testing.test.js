import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { harness } from './testing.js'

/** A half as a program has it. */
const chat = ({ server, handle, topic, state, rt }) => {
  const half = {
    lines: [],
    people: undefined,
    notices: [],
    say: text => server.say(text.trim()),
    typing: () => server.volatile.typing(),
    leave: topic('room/lobby').on(({ from, text }) => half.lines.push(`${from}: ${text}`)),
    status: []
  }
  state('people/lobby').on(all => { half.people = all })
  handle({
    notice(text) { half.notices.push(text) },
    async confirm(order) {
      if (order.sum > 100) throw Object.assign(new Error('too much'), { code: 'denied' })
      return order.sum > 0
    }
  })
  rt.on('status', status => half.status.push(status))
  return half
}

describe('a half under test', () => {
  test('calls what the test scripts', async () => {
    const { app, server } = harness({ chat })
    const said = []
    server.on('chat.say', async text => {
      if (!text) throw Object.assign(new Error('say something'), { code: 'invalid' })
      return said.push(text)
    })
    assert.equal(await app.chat.say(' hello '), 1)
    await assert.rejects(app.chat.say(' '), { code: 'invalid', message: 'say something' })
    assert.deepEqual(said, ['hello'])
    server.on('chat.say', () => {})
    assert.equal(await app.chat.say('hello'), undefined)
    await assert.rejects(app.chat.typing(), { code: 'not_found', message: 'no method chat.typing here: the test says by server.on what it does' })
    server.on('chat.typing', () => 7)
    assert.equal(await app.chat.typing(), 7)
    server.on('chat.typing', () => { throw new Error('broken') })
    await assert.rejects(app.chat.typing(), { code: 'internal', message: 'broken' })
  })

  test('is told and asked', async () => {
    const { app, server } = harness({ chat: { default: chat } })
    await server.tell('chat.notice', 'hi')
    assert.deepEqual(app.chat.notices, ['hi'])
    assert.equal(await server.ask('chat.confirm', { sum: 12 }), true)
    await assert.rejects(server.ask('chat.confirm', { sum: 101 }), { code: 'denied', message: 'too much' })
    await assert.rejects(server.ask('chat.other'), { code: 'not_found' })
  })

  test('follows topics and states', async () => {
    const { app, server } = harness({ chat })
    const line = text => ({ from: 'bob', text })
    server.publish('room/lobby', line('before'))
    await server.publish('room/lobby', line('hi'))
    await server.publish('room/attic', line('elsewhere'))
    assert.deepEqual(app.chat.lines, ['bob: before', 'bob: hi'])
    assert.equal(app.chat.people, undefined)
    await server.state('people/lobby', { ann: 1 })
    await server.state('people/lobby', { bob: 1 })
    assert.deepEqual(app.chat.people, { bob: 1 })
    app.chat.leave()
    await server.idle()
    await server.publish('room/lobby', line('gone'))
    assert.equal(app.chat.lines.length, 2)
    app.rt.topic('room/lobby').on(({ text }) => app.chat.lines.push(text))
    await server.idle()
    assert.deepEqual(app.chat.lines.slice(2), ['before', 'hi', 'gone'])
  })

  test('goes on when its connection is cut, and nothing is lost or repeated', async () => {
    const { app, server } = harness({ chat })
    const said = []
    let go
    server.on('chat.say', async text => {
      await new Promise(resolve => { go = resolve })
      return said.push(text)
    })
    await server.idle()
    assert.equal(app.rt.status, 'ready')
    const first = app.chat.say('first')
    const second = app.chat.say('second')
    await new Promise(resolve => setImmediate(resolve))
    const connected = server.cut()
    server.publish('room/lobby', { from: 'bob', text: 'meanwhile' })
    server.tell('chat.notice', 'meanwhile')
    go()
    assert.equal(await first, 1)
    go()
    assert.equal(await second, 2)
    await connected
    await server.cut()
    assert.equal(app.rt.status, 'ready')
    assert.deepEqual(said, ['first', 'second'])
    assert.deepEqual([app.chat.lines, app.chat.notices], [['bob: meanwhile'], ['meanwhile']])
    assert.deepEqual(app.chat.status, ['open', 'ready', 'reconnecting', 'reconnected', 'ready', 'reconnecting', 'reconnected', 'ready'])
  })

  test('may have a codec, and be none', async () => {
    const codec = {
      encode: value => new TextEncoder().encode([...JSON.stringify(value)].reverse().join('')),
      decode: bytes => JSON.parse([...new TextDecoder().decode(bytes)].reverse().join(''))
    }
    const { app, server } = harness({ chat: { default: chat, codec }, todo: null })
    server.on('chat.say', text => [text])
    server.on('todo.add', value => value)
    assert.deepEqual(await app.chat.say('hello'), ['hello'])
    assert.deepEqual(await app.todo.add(new Uint8Array([1, 2])), new Uint8Array([1, 2]))
    await server.tell('chat.notice', { deep: 1 })
    await server.tell('chat.notice')
    assert.deepEqual(app.chat.notices, [{ deep: 1 }, undefined])
    assert.equal(await server.ask('chat.confirm', { sum: 12 }), true)
    await server.publish('room/lobby', { from: 'bob', text: 'hi' })
    assert.deepEqual(app.chat.lines, ['bob: hi'])
  })

  test('is told while the time stands still', async t => {
    t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
    const log = mock.fn()
    const { app, server } = harness({ chat }, { log })
    await server.tell('chat.notice', 'hi')
    assert.deepEqual(app.chat.notices, ['hi'])
    assert.ok(log.mock.callCount() > 0, 'the options of join are those of harness')
  })
})
