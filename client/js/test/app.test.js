import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, join, open, pass, refused, restore, said, settle, stopTime, wantDone, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

/** An app with one half. */
const app = async (half, options) => {
  const all = await open(options)
  return { ...all, app: join(all.rt, { chat: half }, options) }
}

/** JSON from its end to its beginning: bytes that are no JSON. */
const codec = {
  encode: value => new TextEncoder().encode([...JSON.stringify(value)].reverse().join('')),
  decode: bytes => JSON.parse([...new TextDecoder().decode(bytes)].reverse().join(''))
}

/** A payload as the codec writes it. */
const coded = value => '*' + btoa(String.fromCharCode(...codec.encode(value)))

describe('an app', () => {
  test('has what the halves return, and the client', async () => {
    const { rt } = await open()
    const whole = join(rt, { chat: () => 'a chat', todo: { default: ({ name }) => ({ name }) } })
    assert.deepEqual(Object.keys(whole), ['chat', 'todo', 'rt'])
    assert.equal(whole.rt, rt)
    assert.equal(whole.chat, 'a chat')
    assert.deepEqual(whole.todo, { name: 'todo' })
  })

  test('has the instance where there is no half, or it returns nothing', async () => {
    const { rt, wire } = await open()
    const { chat, todo } = join(rt, { chat: null, todo: () => {} })
    chat.say(1).catch(() => {})
    todo.add(2).catch(() => {})
    await settle()
    assert.deepEqual(said(wire), ['C1,chat.say|1', 'C2,todo.add|2'])
  })

  test('has no service named rt, and no half that is no function', async () => {
    const { rt } = await open()
    assert.throws(() => join(rt, { rt: null }), /named rt/)
    assert.throws(() => join(rt, { chat: { codec } }), /service chat: its client half exports no function/)
  })
})

describe('a client half', () => {
  test('calls the instance, volatile too, in order, with what it is given', async () => {
    const { app: { chat }, wire } = await app(({ server }) => ({ say: text => server.say({ text }), typing: () => server.volatile.typing(1) }))
    const [a, b] = [fate(chat.say('a')), fate(chat.say('b'))]
    chat.typing()
    await settle()
    assert.deepEqual(said(wire).map(line => line.replace(/^W\d+/, 'W')), ['C1,chat.say|{"text":"a"}', 'C2,chat.say|{"text":"b"}', 'W,chat.typing|1'])
    wire.down('r1.aaaaa,1|"yes"', 'x2.bbbbb,2|{"code":"denied","message":"no"}')
    await settle()
    wantDone(a, 'yes')
    wantFailed(b, 'denied')
  })

  test('gives a call up as the client does', async () => {
    const { app: { chat } } = await app(({ server }) => server)
    const f = fate(chat.say(1, { timeout: 100 }))
    await pass(250)
    wantFailed(f, 'timeout')
  })

  test('is not taken for a promise', async () => {
    const { app: { chat } } = await app()
    assert.equal(`${typeof (await chat).then} ${typeof chat.volatile.then}`, 'undefined undefined')
  })

  test('need not care for what is volatile', async () => {
    const { app: { chat }, wire } = await app()
    wire.cut()
    chat.volatile.typing()
    wantFailed(await refused(chat.volatile.typing()), 'unavailable')
  })

  test('has its events and questions called, on the object that it gave', async () => {
    const methods = { heard: [], notice(v) { this.heard.push(v) }, confirm: async v => v + 1 }
    const { wire } = await app(({ handle }) => handle(methods))
    wire.down('e1.aaaaa,chat.notice|"a"', 'e2.bbbbb,chat.notice|"b"', 'q3.ccccc,q1,chat.confirm|4')
    assert.deepEqual(methods.heard, ['a', 'b'])
    await settle()
    assert.deepEqual(said(wire), ['R1,q1|5'])
  })

  test('answers a question with its error, or that there is no such method', async () => {
    const denied = () => { throw Object.assign(new Error('no'), { code: 'denied' }) }
    const { wire } = await app(({ handle }) => handle({ a: denied, b: async () => denied() }))
    wire.down('q1.aaaaa,q1,chat.a', 'q2.bbbbb,q2,chat.b', 'q3.ccccc,q3,chat.c')
    await settle()
    assert.deepEqual(said(wire).map(line => line.slice(3)).sort(), [
      'q1|{"code":"denied","message":"no"}', 'q2|{"code":"denied","message":"no"}', 'q3|{"code":"not_found","message":"chat.c"}'
    ])
  })

  test('whose event fails is reported as the client does', async () => {
    const { rt, wire } = await app(({ handle }) => handle({ notice() { throw new Error('mine') } }))
    const errors = []
    rt.on('error', e => errors.push(e.message))
    wire.down('e1.aaaaa,chat.notice')
    assert.deepEqual(errors, ['mine'])
  })

  test('hears topics and states', async () => {
    const heard = []
    const { wire } = await app(({ topic, state }) => {
      topic('room/a').on(v => heard.push(v))
      state('people/a').on(v => heard.push(v))
    })
    await settle()
    assert.deepEqual(said(wire), ['S1,room/a', 'S2,people/a'])
    wire.down('s1.aaaaa,room/a,1,0.x', 's2.bbbbb,people/a,2,0.x', 't1,1.ccccc|"line"', 'n2,1.ddddd|{"a":1}')
    assert.deepEqual(heard, ['line', { a: 1 }])
  })
})

describe('a codec', () => {
  const half = { codec, default: ({ server, handle }) => (handle({ notice: v => { heard.push(v) }, confirm: async v => ({ ...v, ok: true }) }), server) }
  let heard
  beforeEach(() => { heard = [] })

  test('writes and reads all payloads of the methods', async () => {
    const { app: { chat }, wire } = await app(half)
    const [called, loose] = [fate(chat.say({ a: 1 })), fate(chat.volatile.look([2]))]
    await settle()
    assert.deepEqual(said(wire).map(line => line.replace(/^W\d+/, 'W')), ['C1,chat.say' + coded({ a: 1 }), 'W,chat.look' + coded([2])])
    wire.down('r1.aaaaa,1' + coded('yes'), 'e2.bbbbb,chat.notice' + coded('hi'), 'q3.ccccc,q1,chat.confirm' + coded({ n: 1 }))
    await settle()
    wantDone(called, 'yes')
    assert.deepEqual(heard, ['hi'])
    assert.deepEqual(said(wire), ['R2,q1' + coded({ n: 1, ok: true })])
    assert.equal(loose.state, 'pending')
  })

  test('is not asked without a payload', async () => {
    const { app: { chat }, wire } = await app(half)
    const called = fate(chat.say())
    await settle()
    wire.down('r1.aaaaa,1', 'e2.bbbbb,chat.notice')
    await settle()
    assert.deepEqual(said(wire), ['C1,chat.say'])
    wantDone(called)
    assert.deepEqual(heard, [undefined])
  })

  test('that fails fails the call, which is not sent', async () => {
    const { app: { chat }, wire } = await app({ ...half, codec: { ...codec, encode() { throw new TypeError('mine') } } })
    assert.equal((await refused(chat.say(1))).message, 'mine')
    assert.deepEqual(said(wire), [])
  })
})

describe('a log', () => {
  /** What was logged, without how long it took. */
  const logged = async (half, options) => {
    const entries = []
    const log = (level, message, { ms, ...fields }) => {
      assert.ok(ms === undefined || Number.isInteger(ms))
      entries.push([level, message, fields])
    }
    return { ...await app(half, { ...options, log }), entries }
  }

  test('has calls, both ways, and what became of them', async () => {
    const { app: { chat }, wire, entries } = await logged(({ server, handle }) => {
      handle({ notice() {}, confirm: async () => { throw Object.assign(new Error('secret'), { code: 'denied' }) } })
      return server
    })
    const all = [fate(chat.say('secret')), fate(chat.volatile.look('secret')), fate(chat.say('secret'))]
    await settle()
    const [, , loose] = said(wire)
    wire.down('r1.aaaaa,1|"secret"', 'x2.bbbbb,2|{"code":"busy","message":"secret"}', `v${/\d+/.exec(loose)}|"secret"`, 'e3.ccccc,chat.notice|"secret"', 'q4.ddddd,q1,chat.confirm|"secret"')
    await settle()
    assert.deepEqual(all.map(f => f.state), ['done', 'done', 'failed'])
    const at = { service: 'chat', socket: 'socket' }
    const want = [
      ['debug', 'call', { ...at, method: 'say' }],
      ['warn', 'call', { ...at, method: 'say', code: 'busy' }],
      ['debug', 'call', { ...at, method: 'look', volatile: true }],
      ['debug', 'called', { ...at, method: 'notice' }],
      ['warn', 'called', { ...at, method: 'confirm', code: 'denied' }]
    ]
    const sorted = list => list.map(([level, message, fields]) => [level, message, ...Object.entries(fields).sort()].join()).sort()
    assert.deepEqual(sorted(entries), sorted(want))
  })

  test('has what becomes of the conversation', async () => {
    const { rt, wire, entries } = await logged(null)
    wire.down('l,5.aaaaa,expired')
    await settle()
    wire.cut()
    await pass(1250)
    rt.close()
    assert.deepEqual(entries.map(([level, message, { socket, ...fields }]) => [level, message, fields]), [
      ['warn', 'lost', { stream: '', why: 'expired' }],
      ['info', 'status', { status: 'reconnecting' }],
      ['info', 'status', { status: 'close', code: 'closed', why: '' }]
    ])
  })

  test('has errors, and why the instance ended it', async () => {
    const { wire, entries } = await logged(({ handle }) => handle({ notice() { throw new Error('mine') } }))
    wire.down('e1.aaaaa,chat.notice', 'z4002,0,no')
    await settle()
    const found = (message, field, value) => entries.find(([, m, fields]) => m === message && fields[field] === value)
    assert.equal(entries.find(([, message]) => message === 'error')[2].error.message, 'mine')
    assert.equal(found('status', 'status', 'close')[0], 'warn')
    assert.equal(found('status', 'status', 'close')[2].code, 'denied')
  })

  test('is what a half logs to, with its name', async () => {
    const { entries } = await logged(({ log }) => log.warn('strange', { n: 1, service: 'other' }))
    assert.deepEqual(entries, [['warn', 'strange', { n: 1, service: 'chat' }]])
  })

  test('never has tokens, keys or payloads', async () => {
    const { app: { chat }, rt, wire, entries } = await logged(null, { auth: 'secret token' })
    const key = JSON.parse(wire.up[0].slice(1)).key
    chat.say('secret word').catch(() => {})
    rt.topic('room/a').on(() => {})
    await settle()
    wire.down('s1.aaaaa,room/a,1,0.x', 't1,1.ccccc|"secret line"', 'm100')
    await settle()
    wire.cut()
    await pass(10_000)
    rt.close()
    const text = JSON.stringify(entries)
    assert.ok(entries.length > 1 && !text.includes('secret') && !text.includes(key), text)
  })

  test('that throws harms nobody', async t => {
    const shown = t.mock.method(console, 'error', () => {})
    const { app: { chat }, wire } = await app(null, { log() { throw new Error('mine') } })
    const called = fate(chat.say(1))
    await settle()
    wire.down('r1.aaaaa,1|2', 'l,5.aaaaa,expired')
    await settle()
    wantDone(called, 2)
    assert.ok(shown.mock.callCount() > 1)
  })

  test('is the console for halves where there is none', async t => {
    const shown = t.mock.method(console, 'warn', () => {})
    await app(({ log }) => log.warn('strange', { n: 1 }))
    assert.deepEqual(shown.mock.calls[0].arguments, ['strange', { n: 1, service: 'chat' }])
  })
})
