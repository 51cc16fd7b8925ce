import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock as fakes, test } from 'node:test'
import { hello, open, pass, restore, said, settle, stopTime } from '../../client/js/harness/index.js'
import { join } from '../../client/js/src/app.js'
import * as half from './client.js'

const given = ['document', 'location', 'sessionStorage', 'fetch', 'scrollTo', 'scrollX', 'scrollY', 'ResizeObserver']

/** What Node has of it. */
const own = Object.getOwnPropertyDescriptors(globalThis)

/** What a page has, as far as the half knows it. */
let page

beforeEach(() => {
  stopTime()
  page = { links: [], hidden: false, reloads: 0, fetched: [], loaded: [], status: 200, storage: {}, scrolled: [], height: 0, grow: () => {} }
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  define('document', { get hidden() { return page.hidden }, body: {}, querySelectorAll: () => page.links })
  define('location', { href: 'http://instance/some/page', toString() { return this.href }, reload: () => { page.reloads++ } })
  define('sessionStorage', page.storage)
  define('fetch', async (url, { cache }) => {
    page.fetched.push(`${cache} ${url}`)
    if (!page.status) throw new TypeError('nobody there')
    return { ok: page.status === 200 }
  })
  define('scrollX', 3)
  define('scrollY', 400)
  define('scrollTo', (x, y) => {
    page.scrolled.push([x, y])
    globalThis.scrollY = Math.min(y, page.height)
  })
  define('ResizeObserver', class {
    constructor(changed) { page.grow = changed }
    observe() { page.grow() }
    disconnect() { page.grow = () => {} }
  })
  fakes.method(performance, 'getEntriesByType', () => page.loaded.map(name => ({ name })))
})
afterEach(() => {
  for (const name of given) {
    delete globalThis[name]
    if (own[name]) Object.defineProperty(globalThis, name, own[name])
  }
  restore()
})

/** A stylesheet's link. The test says when it has loaded, or that it has not. */
const link = (href, attributes = {}) => ({
  href,
  sheet: {},
  ...attributes,
  cloneNode() { return link(this.href, attributes) },
  removeAttribute(name) { delete this[name] },
  after(next) { page.links.splice(page.links.indexOf(this) + 1, 0, next) },
  remove() { page.links.splice(page.links.indexOf(this), 1) }
})

const hrefs = () => page.links.map(each => each.href.replace(/livereload=\d+$/, 'livereload=now'))

const see = (files = {}, build = 'b1') => ({ state: JSON.stringify([files, build]), build, files })

/** A page with the half, and the instance that it asks. */
const start = async () => {
  const logged = []
  const { rt, t, wire } = await open()
  join(rt, { livereload: half }, { log: (level, message) => /status|transport/.test(message) || logged.push(`${level} ${message}`) })
  const look = async (...answers) => {
    for (const answer of answers) {
      await settle()
      asked(wire).answer(answer)
      await pass(500)
    }
  }
  return { rt, t, wire, look, logged }
}

/** The look that is asked for: the state that the page knows, and what answers it. */
const asked = wire => {
  const lines = said(wire).filter(line => !line.startsWith('A'))
  assert.equal(lines.length, 1, `one look: ${lines}`)
  const [, kind, id, payload] = /^([CW])(\d+),livereload\.look\|(.*)$/.exec(lines[0])
  const known = JSON.parse(payload)
  return {
    known,
    first: kind === 'C',
    answer(seen) {
      const told = JSON.stringify(seen.state === known ? { state: known } : seen)
      if (kind === 'W') wire.down(`${seen.code ? 'y' : 'v'}${id}|${told}`)
      else wire.down(`${seen.code ? 'x' : 'r'}${id}.aaaaa,${id}|${told}`, `a${id},${id}`)
    }
  }
}

test('what the page sees first is what it knows', async () => {
  const { wire, look } = await start()
  await look(see({ 'a.js': '1' }))
  assert.equal(asked(wire).known, see({ 'a.js': '1' }).state)
  assert.equal(page.reloads, 0)
})

test('the first look waits for the connection, and the others are not remembered', async () => {
  page.hidden = true // the page is being loaded all the same
  const { wire } = await start()
  await settle()
  const first = asked(wire)
  assert.ok(first.first)
  page.hidden = false
  first.answer(see())
  await pass(500)
  assert.ok(!asked(wire).first)
})

test('a stylesheet that changed is replaced, without a reload', async () => {
  const { look } = await start()
  page.links = [link('http://instance/rt/a.css?v=1', { integrity: 'sha384-x' }), link('http://instance/base.css'), link('http://instance/rt/a.css', { sheet: null })] // the last preloads it
  await look(see({ 'a.css': '1' }), see({ 'a.css': '2' }))
  assert.deepEqual(hrefs(), ['http://instance/rt/a.css?v=1', 'http://instance/rt/a.css?v=1&livereload=now', 'http://instance/base.css', 'http://instance/rt/a.css'])
  assert.equal(page.links[1].integrity, undefined)
  page.links[1].onload()
  assert.deepEqual(hrefs().slice(0, 2), ['http://instance/rt/a.css?v=1&livereload=now', 'http://instance/base.css'])
  await pass(500)
  await look(see({ 'a.css': '3' }))
  assert.equal(page.links.length, 4, 'and again')
  page.links[1].onload()
  assert.equal(page.reloads, 0)
})

test('a stylesheet that does not come, or that the page does not link, has it reload', async () => {
  const { look } = await start()
  page.links = [link('http://instance/a.css')]
  await look(see({ 'a.css': '1' }), see({ 'a.css': '2' }))
  page.links[1].onerror()
  await settle()
  assert.deepEqual([hrefs(), page.reloads], [['http://instance/a.css'], 1])
  await pass(500)
  page.links = [link('http://instance/base.css')]
  await look(see({ 'a.css': '2', 'se.css': '1' }))
  assert.equal(page.reloads, 2)
})

test('any other change has the page reload, once', async () => {
  const { look } = await start()
  page.links = [link('http://instance/a.css')]
  await look(see({ 'a.css': '1', 'b.js': '1' }), see({ 'a.css': '2', 'b.js': '2' }), see({ 'a.css': '2', 'b.js': '2' }))
  assert.deepEqual([page.reloads, page.links.length], [1, 1])
})

test('a file that went has the page reload', async () => {
  const { look } = await start()
  await look(see({ 'a.html': '1' }), see({}))
  assert.equal(page.reloads, 1)
})

test('another build has the page reload, the same one has not', async () => {
  const { look } = await start()
  await look(see({}, 'b1'), see({}, 'b1'))
  assert.equal(page.reloads, 0)
  await look(see({}, 'b2'))
  assert.equal(page.reloads, 1)
})

test('what changed is not taken from the cache by the reload', async () => {
  page.loaded = ['http://instance/js/b.js?v=1', 'http://instance/same.js', 'http://instance/100%', 'http://instance/my%20a.js']
  const { look } = await start()
  await look(see({ 'b.js': '1', 'same.js': '1', 'my a.js': '1' }), see({ 'b.js': '2', 'same.js': '1', 'my a.js': '2' }))
  assert.deepEqual(page.fetched, [
    'reload http://instance/some/page', 'reload http://instance/js/b.js?v=1', 'reload http://instance/my%20a.js'
  ])
})

for (const [what, status] of [['is not there', 0], ['answers an error', 502]]) {
  test(`a page whose server ${what} waits with the reload`, async () => {
    const { look } = await start()
    page.status = status
    await look(see({}, 'b1'), see({}, 'b2'))
    assert.equal(page.reloads, 0)
    page.status = 200
    await look(see({}, 'b2'))
    assert.equal(page.reloads, 1)
  })
}

test('the next page knows what the page before had seen, and scrolls there', async () => {
  const { rt, look } = await start()
  await look(see({ 'b.js': '1' }), see({ 'b.js': '2' }))
  rt.close()
  globalThis.scrollY = 0
  page.height = 100
  const next = await start()
  page.grow()
  page.height = 1000
  page.grow()
  page.grow()
  assert.deepEqual(page.scrolled, [[3, 400], [3, 400], [3, 400]], 'until it is there')
  assert.deepEqual(Object.keys(page.storage).filter(key => key !== 'sojourn'), [])
  await next.look(see({ 'b.js': '2' }))
  assert.equal(page.reloads, 1)
})

test('a change after the last look of the page before is not missed', async () => {
  page.storage.livereload = JSON.stringify({ known: see({ 'b.js': '2' }), x: 0, y: 0 })
  const { look } = await start()
  await look(see({ 'b.js': '3' }))
  assert.equal(page.reloads, 1)
})

test('a page that stays short is left where it is', async () => {
  page.storage.livereload = JSON.stringify({ known: see(), x: 3, y: 400 })
  await start()
  await pass(3000)
  page.scrolled = []
  page.grow()
  assert.deepEqual(page.scrolled, [])
})

test('a page that may not remember anything reloads all the same', async () => {
  Object.defineProperty(globalThis, 'sessionStorage', { get() { throw new Error('denied') }, configurable: true })
  const { look } = await start()
  await look(see({}, 'b1'), see({}, 'b2'))
  assert.equal(page.reloads, 1)
})

test('a page that nobody sees does not look', async () => {
  const { wire, look } = await start()
  await look(see())
  const last = asked(wire)
  page.hidden = true
  last.answer(see())
  await pass(5000)
  assert.deepEqual(said(wire), [])
  page.hidden = false
  await pass(500)
  asked(wire)
})

test('looking goes on with the connection, whichever it is', async () => {
  const { t, wire, look, logged } = await start()
  await look(see())
  wire.cut()
  await pass(1000)
  t.connections[1].down(hello())
  await pass(500)
  assert.equal(asked(t.connections[1]).known, see().state)
  assert.deepEqual(logged, [])
})

test('looking ends with the conversation', async () => {
  const { rt, wire, look, logged } = await start()
  await look(see())
  said(wire)
  rt.close()
  await pass(5000)
  assert.deepEqual(said(wire).filter(line => line.startsWith('W')), [])
  assert.deepEqual(logged, [])
})

test('an error of the instance is logged once, and no look is', async () => {
  const { look, logged } = await start()
  const failed = { code: 'not_found', message: 'a directory cannot be read' }
  await look(failed, failed, see(), failed)
  assert.deepEqual(logged, ['warn a directory cannot be read'])
})

test('elsewhere than in a page there is nothing to do', async () => {
  delete globalThis.document
  const { wire } = await start()
  await pass(1000)
  assert.deepEqual(said(wire), [])
})
