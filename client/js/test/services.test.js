import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, mock, open, pass, restore, said, settle, start, stopTime, wantDone, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

describe('a service', () => {
  test('is not taken for a promise', async () => {
    const { rt, wire } = await open()
    const chat = await rt.service('chat')
    assert.equal(`${typeof chat.then} ${typeof chat[Symbol.toPrimitive]}`, 'undefined undefined')
    await settle()
    assert.deepEqual(said(wire), [])
  })

  test('has its events called with their values, on the object that was given', async () => {
    const { rt, wire } = await open()
    const half = { heard: [], notice(v) { this.heard.push(v) } }
    rt.service('chat', half)
    rt.service('chat')
    wire.down('e1.aaaaa,chat.notice|{"a":1}', 'e2.bbbbb,chat.notice*aGk=', 'e3.ccccc,chat.notice')
    assert.deepEqual(half.heard, [{ a: 1 }, new Uint8Array([104, 105]), undefined])
  })

  test('without the method reports the event', async () => {
    const errors = []
    const { rt, wire } = await open()
    rt.on('error', e => errors.push([e.code, e.message]))
    rt.service('chat', {})
    wire.down('e1.aaaaa,chat.notice', 'e2.bbbbb,other.thing')
    assert.deepEqual(errors, [['not_found', 'chat.notice'], ['not_found', 'other.thing']])
  })
})

describe('a question', () => {
  const ask = async (half, payload = '') => {
    const { rt, wire } = await open()
    rt.service('chat', half)
    wire.down('q1.aaaaa,q7,chat.confirm' + payload)
    await settle()
    return said(wire)
  }

  test('is answered by what the method returns', async () => {
    assert.deepEqual(await ask({ confirm: v => v.sum > 10 }, '|{"sum":12}'), ['R1,q7|true'])
    assert.deepEqual(await ask({ confirm: () => {} }), ['R1,q7'])
    assert.deepEqual(await ask({ confirm: () => new Uint8Array([104, 105]) }), ['R1,q7*aGk='])
  })

  test('is answered by what the method promises', async () => {
    assert.deepEqual(await ask({ confirm: async () => 'later' }), ['R1,q7|"later"'])
  })

  test('is answered by the error that the method throws', async () => {
    const refuse = code => () => { throw Object.assign(new Error('no'), { code }) }
    assert.deepEqual(await ask({ confirm: refuse('denied') }), ['X1,q7|{"code":"denied","message":"no"}'])
    assert.deepEqual(await ask({ confirm: refuse('ERR_OF_NODE') }), ['X1,q7|{"code":"internal","message":"no"}'])
    assert.deepEqual(await ask({ confirm: refuse() }), ['X1,q7|{"code":"internal","message":"no"}'])
    assert.deepEqual(await ask({ confirm: async () => { throw null } }), ['X1,q7|{"code":"internal"}'])
  })

  test('is answered not_found where there is no method', async () => {
    assert.deepEqual(await ask({}), ['X1,q7|{"code":"not_found","message":"chat.confirm"}'])
  })

  test('whose answer cannot be sent is answered with an error', async () => {
    const [answer] = await ask({ confirm: () => 'x'.repeat(100_000) })
    assert.equal(answer, 'X1,q7|{"code":"too_big","message":"too_big"}')
  })

  test('is asked once', async () => {
    let asked = 0
    const { rt, t, wire } = await open()
    rt.service('chat', { confirm: () => ++asked })
    wire.down('q1.aaaaa,q7,chat.confirm')
    await settle()
    wire.cut()
    await pass(250)
    t.connections[1].down(hello(), 'q1.aaaaa,q7,chat.confirm')
    await settle()
    assert.equal(asked, 1)
    assert.deepEqual(said(t.connections[1]), ['R1,q7|1'])
  })

  test('of a socket that is gone is not answered on the next', async () => {
    const { rt, t, wire } = await open()
    let answer
    rt.service('chat', { early: () => 1, late: () => new Promise(resolve => { answer = resolve }) })
    wire.down('q1.aaaaa,q6,chat.early', 'q2.bbbbb,q7,chat.late')
    await settle()
    wire.down('z4004,0,')
    answer(1)
    await pass(250)
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[1]), [])
  })
})

describe('messages that wait', () => {
  test('are at most 1,000, of all kinds', async () => {
    const { rt, t } = start()
    const chat = rt.service('chat')
    const all = Array.from({ length: 1000 }, (_, i) => fate(chat.say(i)))
    const more = fate(chat.say('more'))
    await settle()
    wantFailed(more, 'full')
    t.connections[0].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[0]).length, 200)
    const loose = fate(chat.volatile.look())
    await settle()
    wantFailed(loose, 'full')
    t.connections[0].down('a1,0')
    await settle()
    wantDone(all[0])
    const last = fate(chat.volatile.look())
    const beyond = fate(chat.say('more'))
    await settle()
    assert.equal(last.state, 'pending')
    wantFailed(beyond, 'full')
  })

  test('are as many as the program says', async () => {
    const { rt } = start({ maxQueue: 2 })
    const all = [1, 2, 3].map(n => fate(rt.service('chat').say(n)))
    await settle()
    assert.deepEqual(all.map(f => f.code), [undefined, undefined, 'full'])
  })
})

describe('a volatile message', () => {
  test('is answered on its connection, in any order', async () => {
    const { rt, wire } = await open()
    const chat = rt.service('chat')
    const [a, b] = [fate(chat.volatile.look(1)), fate(chat.volatile.look(2))]
    await settle()
    const lines = said(wire).map(line => /^W(\d+),chat.look\|(\d)$/.exec(line))
    assert.deepEqual(lines.map(m => m[2]), ['1', '2'])
    wire.down(`v${lines[1][1]}|"two"`, `y${lines[0][1]}|{"code":"busy","message":""}`)
    await settle()
    wantFailed(a, 'busy')
    wantDone(b, 'two')
  })

  test('is rejected at once without a connection, and nobody has to care', async () => {
    const { rt, wire } = await open()
    wire.cut()
    rt.service('chat').volatile.typing()
    const sent = fate(rt.service('chat').volatile.typing())
    await settle()
    wantFailed(sent, 'unavailable')
  })

  test('is lost with its connection, and not sent again', async () => {
    const { rt, t, wire } = await open()
    const sent = fate(rt.service('chat').volatile.typing())
    await settle()
    wire.cut()
    await pass(250)
    wantFailed(sent, 'unavailable')
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[1]), [])
  })

  test('is lost with a connection that was replaced', async () => {
    const { rt, t, wire } = await open({}, mock())
    const sent = fate(rt.service('chat').volatile.typing())
    await settle()
    wire.down('m0')
    await settle()
    t.connections[1].down(hello())
    await settle()
    wantFailed(sent, 'unavailable')
  })

  test('may be given up', async () => {
    const { rt } = await open()
    const sent = fate(rt.service('chat').volatile.look(1, { timeout: 100 }))
    await pass(100)
    wantFailed(sent, 'timeout')
  })

  test('does not make others wait, and has no number', async () => {
    const { rt, t } = start()
    const chat = rt.service('chat')
    chat.say(1).catch(() => {})
    await settle()
    t.connections[0].down(hello())
    chat.volatile.typing()
    chat.say(2).catch(() => {})
    await settle()
    assert.deepEqual(said(t.connections[0]).map(line => line.replace(/^W\d+/, 'W')), ['C1,chat.say|1', 'C2,chat.say|2', 'W,chat.typing'])
  })
})
