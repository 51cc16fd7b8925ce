import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { connectWith, fate, hello, helloOf, mock, open, pass, restore, said, settle, start, stopTime, wantDone } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

/** A function for auth: gives token1, token2 ..., or what the test has put for the next answer. */
const teller = () => {
  const tell = () => {
    tell.asked++
    return tell.next ? tell.next() : 'token' + tell.asked
  }
  return Object.assign(tell, { asked: 0 })
}

/** A promise, and what settles it. */
const later = () => {
  const l = {}
  l.promise = new Promise((yes, no) => Object.assign(l, { yes, no }))
  return l
}

/** Records POSTs, and answers them. */
const posting = (t, answer = () => new Response('a0,0')) => {
  const posts = []
  t.mock.method(globalThis, 'fetch', async (url, { body }) => {
    posts.push(body.split('\n'))
    return answer(posts.length)
  })
  return posts
}

describe('auth', () => {
  test('is said in the hello: a string, what a function returns, what it promises', async () => {
    for (const auth of ['secret', () => 'secret', async () => 'secret']) {
      const { t } = start({ auth })
      await settle()
      assert.equal(helloOf(t.connections[0]).auth, 'secret')
    }
  })

  test('that is undefined is not said', async () => {
    for (const auth of [undefined, () => {}, async () => {}]) {
      const { t } = start({ auth })
      await settle()
      assert.equal('auth' in helloOf(t.connections[0]), false)
    }
  })

  test('is asked for once in a round, whatever transports and polls there are', async () => {
    const auth = teller()
    const all = ['one', 'two'].map(name => mock({ name }))
    start({ auth }, ...all)
    await pass(3000)
    assert.equal(helloOf(all[0].connections[0]).auth, 'token1')
    assert.equal(helloOf(all[1].connections[0]).auth, 'token1')
    all[1].connections[0].down(hello({ hb: 0 }))
    assert.equal(JSON.parse(all[1].connections[0].poll().slice(1)).auth, 'token1')
    await pass(10_000)
    assert.equal(auth.asked, 1)
    all[1].connections[0].cut()
    await pass(250)
    assert.equal(auth.asked, 2)
    assert.equal(helloOf(all[1].connections[1]).auth, 'token2')
  })

  test('is waited for, before anything is opened', async () => {
    const token = later()
    const { t } = start({ auth: () => token.promise })
    await pass(10_000)
    assert.equal(t.connections.length, 0)
    token.yes('late')
    await settle()
    assert.equal(helloOf(t.connections[0]).auth, 'late')
  })

  test('that fails is told, and the attempt backed off from', async () => {
    for (const fail of [() => { throw new Error('no token') }, async () => { throw new Error('no token') }]) {
      const auth = teller()
      auth.next = fail
      const { rt, t, shown } = start({ auth })
      const errors = []
      rt.on('error', e => errors.push(e.message))
      await settle()
      for (const wait of [125, 250, 500]) {
        const before = auth.asked
        await pass(wait - 1)
        assert.equal(auth.asked, before)
        await pass(1)
        assert.equal(auth.asked, before + 1)
      }
      assert.deepEqual(errors, Array(4).fill('no token'))
      auth.next = undefined
      await pass(1000)
      assert.equal(t.connections.length, 1)
      t.connections[0].down(hello())
      await settle()
      assert.deepEqual(shown, ['open', 'ready'])
    }
  })

  test('that fails counts as an attempt', async () => {
    const { shown } = start({ auth() { throw new Error('no token') }, reconnect: { attempts: 1 } })
    await pass(20_000)
    assert.deepEqual(shown, ['reconnect_failed'])
  })

  test('that never comes is asked for again', async () => {
    const auth = teller()
    auth.next = () => new Promise(() => {})
    const { t } = start({ auth })
    await pass(29_999)
    assert.equal(auth.asked, 1)
    auth.next = undefined
    await pass(1)
    await pass(125)
    assert.equal(helloOf(t.connections[0]).auth, 'token2')
  })

  test('that comes too late is not listened to', async () => {
    const auth = teller()
    const late = later()
    auth.next = () => late.promise
    const { rt, t } = start({ auth })
    await settle()
    auth.next = undefined
    rt.use()
    await settle()
    assert.equal(t.connections.length, 1)
    late.yes('late')
    await settle()
    assert.equal(t.connections.length, 1)
    assert.equal(t.connections[0].closed, false)
    t.connections[0].down(hello())
    await settle()
    assert.equal(rt.status, 'ready')
  })

  test('that comes after close opens nothing', async () => {
    const late = later()
    const { rt, t } = start({ auth: () => late.promise })
    await settle()
    rt.close()
    late.yes('late')
    await pass(20_000)
    assert.equal(t.connections.length, 0)
  })

  test('that takes its time does not make a connection that ends meanwhile begin another round', async () => {
    const auth = teller()
    const { t, wire } = await open({ auth })
    const fresh = later()
    auth.next = () => fresh.promise
    wire.down('m0', 'z4000,,')
    await pass(5000)
    assert.equal(auth.asked, 2)
    fresh.yes('fresh')
    await settle()
    assert.equal(t.connections.length, 2)
    assert.equal(helloOf(t.connections[1]).auth, 'fresh')
  })

  test('is in the first line of each POST', async t => {
    const posts = posting(t)
    const { rt, wire } = await open({ auth: () => 'a "token"' }, mock({ up: false }))
    rt.service('chat').say(1).catch(() => {})
    await settle()
    assert.deepEqual(posts, [[`K${helloOf(wire).key},,0|"a \\"token\\""`, 'C1,chat.say|1']])
    rt.close()
    await settle()
    assert.match(posts[1][0], /^K.*\|"a \\"token\\""$/)
  })
})

describe('credentials that run out', () => {
  for (const up of [true, false]) {
    test(`are asked for anew, and said by a connection that replaces the one that there is${up ? '' : ', whatever it carries'}`, async t => {
      const posts = posting(t)
      const { t: mocked, wire, shown } = await open({ auth: teller() }, mock({ up }))
      wire.down('k30000')
      await settle()
      assert.equal(mocked.connections.length, 2)
      assert.equal(helloOf(mocked.connections[1]).auth, 'token2')
      assert.equal(wire.closed, false)
      mocked.connections[1].down(hello())
      await settle()
      assert.equal(wire.closed, true)
      assert.deepEqual(shown, ['open', 'ready'])
      assert.deepEqual(posts, [])
    })
  }

  test('are cookies, and the connection is replaced', async () => {
    const heard = []
    const { rt, t, wire, shown } = await open()
    rt.service('chat', { notice: v => heard.push(v) })
    wire.down('k30000')
    await settle()
    assert.equal(t.connections.length, 2)
    assert.equal(wire.closed, false)
    wire.down('e1.aaaaa,chat.notice|1')
    t.connections[1].down(hello(), 'e1.aaaaa,chat.notice|1', 'e2.bbbbb,chat.notice|2')
    await settle()
    assert.equal(wire.closed, true)
    assert.deepEqual(heard, [1, 2])
    assert.deepEqual(said(wire), [])
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('and cannot be renewed leave the connection to its end, and the next round asks again', async () => {
    const auth = teller()
    const { rt, t, wire, shown } = await open({ auth })
    const errors = []
    rt.on('error', e => errors.push(e.message))
    auth.next = () => { throw new Error('no token') }
    wire.down('k30000')
    await settle()
    assert.deepEqual(errors, ['no token'])
    assert.deepEqual(said(wire), [])
    assert.equal(wire.closed, false)
    auth.next = undefined
    wire.down('z4014,,')
    await pass(125)
    assert.equal(helloOf(t.connections[1]).auth, 'token3')
    t.connections[1].down(hello())
    await settle()
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('of another socket are nothing to this one', async () => {
    const auth = teller()
    const { wire } = await open({ auth })
    wire.cut()
    wire.down('k30000')
    await settle()
    assert.equal(auth.asked, 1)
  })
})

describe('expired', () => {
  test('at the hello is resumed from with fresh credentials, backing off', async () => {
    const auth = teller()
    const { t, shown } = start({ auth })
    await settle()
    t.connections[0].down('z4014,,')
    await pass(124)
    assert.equal(auth.asked, 1)
    await pass(1)
    assert.equal(helloOf(t.connections[1]).auth, 'token2')
    t.connections[1].down('z4014,,')
    await pass(249)
    assert.equal(t.connections.length, 2)
    await pass(1)
    t.connections[2].down(hello())
    await settle()
    assert.deepEqual(shown, ['open', 'ready'])
  })
})

test('crowded is resumed from, backing off', async () => {
  const { t, shown } = start()
  await settle()
  t.connections[0].down('z4015,,')
  await pass(125)
  assert.equal(t.connections.length, 2)
  t.connections[1].down('z4015,,')
  await pass(249)
  assert.equal(t.connections.length, 2)
  await pass(1)
  t.connections[2].down(hello())
  await settle()
  assert.deepEqual(shown, ['open', 'ready'])
})

test('an attempt that is refused waits as long as the response asks for, on whichever transport, but an hour at most', async t => {
  let seconds = '20'
  t.mock.method(globalThis, 'fetch', async () => new Response('z4015,,', { status: 429, headers: { 'Retry-After': seconds } }))
  let opened = 0
  const refused = { name: 'refused', async open({ hello, frames, post }) {
    opened++
    frames(await (await post('refused', hello())).text())
  } }
  connectWith('http://instance/rt', {}, [refused])
  await pass(19_999)
  assert.equal(opened, 1)
  seconds = '9999999999' // more than a timer can count
  await pass(1)
  assert.equal(opened, 2)
  await pass(3_600_000 - 1, 60_000)
  assert.equal(opened, 2)
  seconds = 'soon'
  await pass(1)
  assert.equal(opened, 3)
  await pass(500)
  assert.equal(opened, 4)
})

test('an attempt that fails by itself does not wait as long as an earlier response asked for', async t => {
  t.mock.method(globalThis, 'fetch', async () => new Response('z4006,,', { status: 503, headers: { 'Retry-After': '20' } }))
  let opened = 0
  connectWith('http://instance/rt', {}, [{ name: 'once refused', async open({ frames, post }) {
    if (!opened++) frames(await (await post('refused', '')).text())
  } }])
  await pass(20_000)
  assert.equal(opened, 2)
  await pass(250)
  assert.equal(opened, 3)
})
