import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { hello, helloOf, open, pass, restore, said, settle, start, stopTime } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

describe('a topic', () => {
  test('is subscribed by the first listener, unsubscribed by the end of the last', async () => {
    const { rt, wire } = await open()
    const heard = []
    const a = rt.topic('room/1').on(v => heard.push(['a', v]))
    const b = rt.topic('room/1').on(v => heard.push(['b', v]))
    await settle()
    assert.deepEqual(said(wire), ['S1,room/1'])
    wire.down('s1.aaaaa,room/1,3a,900.ttttt', 'a1,1', 't3a,901.uuuuu|"x"')
    a()
    a()
    wire.down('t3a,902.vvvvv*aGk=')
    await settle()
    assert.deepEqual(said(wire), [])
    b()
    await settle()
    assert.deepEqual(said(wire), ['U2,room/1'])
    wire.down('t3a,903.wwwww|"nobody"', 'u2.bbbbb,3a', 'a2,2')
    assert.deepEqual(heard, [['a', 'x'], ['b', 'x'], ['b', new Uint8Array([104, 105])]])
  })

  test('that was let go before anything was sent is not asked for', async () => {
    const { rt, t } = start()
    rt.topic('room/1').on(() => {})()
    const off = rt.topic('room/2').on(() => {})
    off()
    rt.topic('room/2').on(() => {})
    await settle()
    t.connections[0].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[0]), ['S1,room/2'])
  })

  test('asked for again before the instance heard of its end goes on', async () => {
    const heard = []
    const { rt, wire } = await open()
    const off = rt.topic('room/1').on(v => heard.push(v))
    await settle()
    wire.down('s1.aaaaa,room/1,3a,900.ttttt', 'a1,1')
    off()
    rt.topic('room/1').on(v => heard.push(v))
    await settle()
    assert.deepEqual(said(wire), ['S1,room/1'])
    wire.down('t3a,901.uuuuu|"x"')
    assert.deepEqual(heard, ['x'])
  })

  test('may be left and entered again', async () => {
    const heard = []
    const { rt, wire } = await open()
    const off = rt.topic('room/1').on(v => heard.push(v))
    await settle()
    off()
    await settle()
    rt.topic('room/1').on(v => heard.push(v))
    await settle()
    assert.deepEqual(said(wire), ['S1,room/1', 'U2,room/1', 'S3,room/1'])
    wire.down('s1.aaaaa,room/1,3a,900.ttttt', 'u2.bbbbb,3a', 's3.ccccc,room/1,3a,905.uuuuu', 't3a,906.vvvvv|"x"')
    assert.deepEqual(heard, ['x'])
  })

  test('gives each entry once, and volatile ones as they come', async () => {
    const heard = []
    const { rt, wire } = await open()
    rt.topic('room/1').on(v => heard.push(v))
    wire.down('s1.aaaaa,room/1,3a,900.ttttt', 't3a,901.uuuuu|1', 't3a,901.uuuuu|1', 't3a,|"v"', 't3a,901.uuuuu|1', 'j3a,903.wwwww', 't3a,902.vvvvv|2', 't3a,904.xxxxx|4')
    assert.deepEqual(heard, [1, 'v', 4])
  })

  test('goes on after a break, for which its cursor is said, also if it was before', async () => {
    const heard = []
    const { rt, t, wire } = await open()
    for (const room of ['room/1', 'room/2', 'room/3']) rt.topic(room).on(v => heard.push(v))
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 's2.bbbbb,room/2,b,7.ttttt', 's3.ccccc,room/3,c,0.', 't' + 'a,901.uuuuu|1', 'jc,5.wwwww')
    wire.cut()
    await pass(250)
    const [, second] = t.connections
    assert.deepEqual(helloOf(second).topics, { 'room/1': '901.uuuuu', 'room/2': '7.ttttt', 'room/3': '5.wwwww' })
    second.down(hello(), 'ta,901.uuuuu|1', 'ta,902.vvvvv|2')
    second.cut()
    await pass(500)
    assert.deepEqual(helloOf(t.connections[2]).topics, { 'room/1': '902.vvvvv', 'room/2': '7.ttttt', 'room/3': '5.wwwww' })
    assert.deepEqual(heard, [1, 2])
  })

  test('is one of the 200 that moved last, whose cursors a hello says', async () => {
    const { t, wire } = await open()
    for (let i = 1; i <= 300; i++) wire.down(`s${i}.aaaaa,room/${i},${i},1.t`)
    wire.down('j7,2.u')
    wire.cut()
    await pass(250)
    const { topics } = helloOf(t.connections[1])
    assert.deepEqual([Object.keys(topics).length, topics['room/7'], topics['room/101'], topics['room/102']], [200, '2.u', undefined, '1.t'])
  })

  test('that lost entries is told, and goes on from there, also backwards', async () => {
    const heard = []
    const lost = []
    const { rt, wire } = await open()
    rt.on('lost', l => lost.push(l))
    rt.topic('room/1').on(v => heard.push(v))
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 'la,950.uuuuu,expired', 'ta,951.vvvvv|1', 'la,5.wwwww,rewound', 'ta,6.xxxxx|2')
    assert.deepEqual(lost, [{ stream: 'room/1', why: 'expired' }, { stream: 'room/1', why: 'rewound' }])
    assert.deepEqual(heard, [1, 2])
  })

  test('whose name would be another frame is refused', async () => {
    const { rt, wire } = await open()
    for (const name of ['room/a,b', 'room/a|b', 'room/*', 'room/a\nB1', 'room/\x7f']) {
      assert.throws(() => rt.topic(name).on(() => {}), { code: 'invalid' })
    }
    rt.topic('room/grüße an alle').on(() => {})
    await settle()
    assert.deepEqual(said(wire), ['S1,room/grüße an alle'])
  })

  test('that may not be subscribed to is an error', async () => {
    const errors = []
    const { rt, wire } = await open()
    rt.on('error', e => errors.push([e.code, e.stream]))
    rt.topic('room/1').on(() => {})
    await settle()
    wire.down('x1.aaaaa,1|{"code":"denied","message":""}')
    assert.deepEqual(errors, [['denied', 'room/1']])
  })

  test('is subscribed again on a new socket, and the program is told', async () => {
    const heard = []
    const lost = []
    const { rt, t, wire } = await open()
    rt.on('lost', l => lost.push(l))
    rt.topic('room/1').on(v => heard.push(v))
    rt.topic('room/2').on(() => {})()
    rt.state('people/1').on(() => {})
    rt.service('chat').say(1).catch(() => {})
    await settle()
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 's2.bbbbb,people/1,b,0.', 'nb,4.ttttt|{}', 'a2,2')
    wire.down('z4004,2,')
    await pass(250)
    assert.deepEqual(lost, [{ stream: 'room/1', why: 'gone' }, { stream: '', why: 'gone' }])
    assert.equal(helloOf(t.connections[1]).topics, undefined)
    t.connections[1].down(hello(), 'ta,901.uuuuu|"of the old socket"')
    await settle()
    assert.deepEqual(said(t.connections[1]), ['C1,chat.say|1', 'S2,room/1', 'S3,people/1'])
    t.connections[1].down('s1.zzzzz,room/1,a,950.vvvvv', 'ta,951.wwwww|"new"')
    assert.deepEqual(heard, ['new'])
  })

  test('listened to by who is told of the loss is asked for once', async () => {
    const { rt, t, wire } = await open()
    rt.topic('room/1').on(() => {})
    const off = rt.topic('room/2').on(() => {})
    rt.on('lost', ({ stream }) => {
      rt.topic(`room/${stream ? 3 : 4}`).on(() => {})
      if (!stream) return
      off()
      rt.topic('room/2').on(() => {})
    })
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 'z4004,0,')
    await pass(250)
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(said(t.connections[1]), ['S1,room/1', 'S2,room/3', 'S3,room/2', 'S4,room/4'])
  })

  test('to which the instance subscribed the client by itself has its cursor said', async () => {
    const { t, wire } = await open()
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 'ta,901.uuuuu|1')
    wire.cut()
    await pass(250)
    assert.deepEqual(helloOf(t.connections[1]).topics, { 'room/1': '901.uuuuu' })
  })
})

describe('a state', () => {
  test('begins with a snapshot and goes on by merge patches', async () => {
    const values = []
    const { rt, wire } = await open()
    rt.state('people/1').on(v => values.push(v))
    await settle()
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":1,"bob":{"at":"home"}}', 'tb,5.uuuuu|{"ann":null,"bob":{"on":true}}', 'tb,5.uuuuu|{"eve":1}')
    assert.deepEqual(values, [{ ann: 1, bob: { at: 'home' } }, { bob: { at: 'home', on: true } }])
  })

  test('gives late listeners its value at once', async () => {
    const values = []
    const { rt, wire } = await open()
    rt.state('people/1').on(() => {})
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":1}')
    rt.state('people/1').on(v => values.push(v))
    assert.deepEqual(values, [{ ann: 1 }])
  })

  test('does not give an old value after it was left', async () => {
    const values = []
    const { rt, wire } = await open()
    const off = rt.state('people/1').on(() => {})
    await settle()
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":1}')
    off()
    await settle()
    wire.down('u2.bbbbb,b')
    rt.state('people/1').on(v => values.push(v))
    assert.deepEqual(values, [])
  })

  test('does not give an old value on a new socket after it was left', async () => {
    const values = []
    const { rt, wire } = await open()
    const off = rt.state('people/1').on(() => {})
    await settle()
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":1}')
    off()
    wire.down('z4004,,')
    rt.state('people/1').on(v => values.push(v))
    assert.deepEqual(values, [])
  })

  test('is reset by a snapshot, also backwards', async () => {
    const values = []
    const { rt, wire } = await open()
    rt.state('people/1').on(v => values.push(v))
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,40.ttttt|{"ann":1}', 'nb,4.vvvvv|{"bob":1}', 'tb,5.wwwww|{"eve":1}')
    assert.deepEqual(values, [{ ann: 1 }, { bob: 1 }, { bob: 1, eve: 1 }])
  })

  test('gives its patches to who listens to it as a topic', async () => {
    const heard = []
    const { rt, wire } = await open()
    rt.topic('people/1').on(v => heard.push(v))
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":1}', 'tb,5.uuuuu|{"eve":1}')
    assert.deepEqual(heard, [{ eve: 1 }])
  })

  test('does not change a value that it gave', async () => {
    const values = []
    const { rt, wire } = await open()
    rt.state('people/1').on(v => values.push(v))
    wire.down('s1.aaaaa,people/1,b,0.', 'nb,4.ttttt|{"ann":{"x":1}}', 'tb,5.uuuuu|{"ann":{"x":2}}')
    assert.deepEqual(values, [{ ann: { x: 1 } }, { ann: { x: 2 } }])
  })
})

describe('a listener that throws', () => {
  test('keeps nobody else from hearing, and the client from nothing', async () => {
    const errors = []
    const heard = []
    const { rt, wire } = await open()
    rt.on('error', e => errors.push(e.message))
    rt.topic('room/1').on(() => { throw new Error('mine') })
    rt.topic('room/1').on(v => heard.push(v))
    wire.down('s1.aaaaa,room/1,a,900.ttttt', 'ta,901.uuuuu|1', 'ta,902.vvvvv|2')
    assert.deepEqual(heard, [1, 2])
    assert.deepEqual(errors, ['mine', 'mine'])
  })

  test('is heard of on the console if nobody listens to errors', async t => {
    const print = t.mock.method(console, 'error', () => {})
    const { rt, wire } = await open()
    rt.on('error', () => {})()
    rt.service('chat', { notice() { throw new Error('mine') } })
    wire.down('e1.aaaaa,chat.notice')
    assert.equal(print.mock.calls[0].arguments[0].message, 'mine')
  })
})
