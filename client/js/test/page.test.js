import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fate, hello, helloOf, mock, open, pass, restore, said, settle, start, stopTime } from '../harness/index.js'

beforeEach(stopTime) // and chance is 0.5
afterEach(restore)

const names = ['one', 'two', 'three']
const three = () => names.map(name => mock({ name }))
const opened = transports => transports.map(t => t.connections.length)

describe('a page', () => {
  /** A browser's world, as far as the client looks at it. */
  const browser = t => {
    const world = new EventTarget()
    const page = { hidden: false }
    globalThis.addEventListener = world.addEventListener.bind(world)
    globalThis.document = page
    Object.defineProperty(globalThis, 'navigator', { configurable: true, writable: true, value: { onLine: true } })
    const posts = []
    t.mock.method(globalThis, 'fetch', async (url, init) => {
      posts.push({ url, ...init })
      return new Response('')
    })
    t.after(() => {
      delete globalThis.addEventListener
      delete globalThis.document
      delete globalThis.navigator
    })
    return {
      posts,
      tell: (type, more) => world.dispatchEvent(Object.assign(new Event(type), more)),
      online(on) {
        navigator.onLine = on
        world.dispatchEvent(new Event(on ? 'online' : 'offline'))
      },
      hide(hidden) {
        page.hidden = hidden
        world.dispatchEvent(new Event('visibilitychange')) // it bubbles
      }
    }
  }

  test('without a network does not try, and at once when it is back', async t => {
    const { online } = browser(t)
    const { t: mocked, wire } = await open()
    online(false)
    wire.cut()
    await pass(60_000)
    assert.equal(mocked.connections.length, 1)
    online(true)
    await settle()
    assert.equal(mocked.connections.length, 2)
  })

  test('that comes into view while it connects goes on with that', async t => {
    const { hide } = browser(t)
    let answer = () => {}
    const [one, two] = [mock({ name: 'one' }), mock({ name: 'two' })]
    const { rt } = start({ auth: () => new Promise(resolve => { answer = resolve }) }, one, two)
    await settle()
    hide(false)
    answer('token')
    await settle()
    one.connections[0].cut()
    hide(false)
    await settle()
    assert.deepEqual([one.connections.length, two.connections.length], [1, 1])
    two.connections[0].down(hello())
    await settle()
    assert.equal(rt.transport, 'two')
  })

  test('whose network changed moves, and keeps the connection if it can', async t => {
    const { online } = browser(t)
    const { t: mocked, wire, shown } = await open()
    online(true)
    await settle()
    assert.equal(mocked.connections.length, 2)
    mocked.connections[1].down(hello())
    await settle()
    assert.equal(wire.closed, true)
    assert.deepEqual(shown, ['open', 'ready'])
  })

  test('whose network changed tries all transports, the best first', async t => {
    const { online } = browser(t)
    const all = three()
    start({}, ...all)
    await settle()
    all[0].connections[0].cut()
    all[1].connections[0].down(hello())
    await pass(3000)
    online(true)
    await settle()
    assert.deepEqual(opened(all), [2, 1, 0])
    all[0].connections[1].cut()
    all[1].connections[1].cut()
    all[2].connections[0].cut()
    await settle()
    assert.equal(all[1].connections[0].closed, false)
  })

  test('that is hidden tries only as often as the socket needs, and at once when it is shown', async t => {
    const { hide } = browser(t)
    const { t: mocked, wire } = await open()
    hide(true)
    wire.cut()
    await pass(39_959)
    assert.equal(mocked.connections.length, 1)
    await pass(1)
    assert.equal(mocked.connections.length, 2)
    mocked.connections[1].cut()
    await pass(1000)
    hide(false)
    await settle()
    assert.equal(mocked.connections.length, 3)
  })

  test('that is being hidden does not try for it', async t => {
    const { hide } = browser(t)
    const { t: mocked, wire } = await open()
    wire.cut()
    hide(true)
    assert.equal(mocked.connections.length, 1)
  })

  test('that is shown again leaves a connection alone', async t => {
    const { hide } = browser(t)
    const { t: mocked } = await open()
    hide(true)
    hide(false)
    await settle()
    assert.equal(mocked.connections.length, 1)
  })

  test('that ends says goodbye, with all that was not acknowledged', async t => {
    const { posts, tell } = browser(t)
    const { rt, wire } = await open()
    rt.service('chat', { notice() {} })
    rt.service('chat').say(1).catch(() => {})
    await settle()
    wire.down('u1.aaaaa,x')
    rt.service('chat').say(2).catch(() => {})
    tell('pagehide', { persisted: false })
    await settle()
    assert.equal(posts.length, 1)
    const { url, method, keepalive, body } = posts[0]
    assert.deepEqual([url, method, keepalive], ['http://instance/rt/up', 'POST', true])
    assert.deepEqual(body.split('\n'), [`K${helloOf(wire).key},1.aaaaa,0`, 'C1,chat.say|1', 'C2,chat.say|2', 'B3'])
    assert.deepEqual(said(wire), ['C1,chat.say|1', 'C2,chat.say|2', 'B3'])
    assert.equal(wire.closed, true)
  })

  test('that ends before it ever was connected says nothing', async t => {
    const { posts, tell } = browser(t)
    start()
    await settle()
    tell('pagehide', { persisted: false })
    await settle()
    assert.deepEqual(posts, [])
  })

  test('that ends with much to say leaves out what a browser would not send', async t => {
    const { posts, tell } = browser(t)
    const { rt } = await open()
    for (let i = 0; i < 60; i++) rt.service('chat').say('ü'.repeat(1000)).catch(() => {})
    tell('pagehide', { persisted: false })
    await settle()
    const size = new TextEncoder().encode(posts[0].body).length
    assert.ok(size < 64 << 10, `${size} bytes`)
    assert.ok(posts[0].body.split('\n').length > 10)
  })

  test('back from the cache begins anew, and its calls fail', async t => {
    const { tell } = browser(t)
    const { rt, t: mocked, wire, shown } = await open()
    const lost = []
    rt.on('lost', l => lost.push(l))
    const call = fate(rt.service('chat').sum(1))
    await settle()
    tell('pagehide', { persisted: true })
    tell('pageshow', { persisted: true })
    await pass(125)
    assert.equal(call.code, 'unknown')
    assert.deepEqual(lost, [{ stream: '', why: 'gone' }])
    assert.notEqual(helloOf(mocked.connections[1]).key, helloOf(wire).key)
    mocked.connections[1].down(hello())
    await settle()
    assert.deepEqual(shown, ['open', 'ready', 'reconnecting', 'open', 'ready'])
  })

  test('shown for the first time does not', async t => {
    const { tell } = browser(t)
    const { t: mocked } = await open()
    tell('pageshow', { persisted: false })
    await pass(1000)
    assert.equal(mocked.connections.length, 1)
  })

  test('is not looked at any more after close', async t => {
    const { online, tell } = browser(t)
    const { rt, t: mocked } = await open()
    rt.close()
    online(true)
    tell('pageshow', { persisted: true })
    await pass(1000)
    assert.equal(mocked.connections.length, 1)
  })
})
