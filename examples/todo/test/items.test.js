import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { fate, join, open, pass, restore, said, settle, stopTime, wantDone, wantFailed } from '../../../client/js/harness/index.js'
import * as half from '../items/client.js'

beforeEach(stopTime)
afterEach(restore)

const milk = { text: 'milk', rev: 'milk0000', done: false, pos: 1, by: 'Bob' }
const eggs = { text: 'eggs', rev: 'eggs0000', done: true, pos: 2, by: 'Bob' }
const tea = { text: 'tea', rev: 'tea00000', done: false, pos: 1.5, by: 'Bob', gone: true }

/** A page that has the list food before it, whose items have not come. */
const unloaded = async () => {
  const { rt, wire } = await open()
  const { items } = join(rt, { items: half })
  const seen = { times: 0, items: [], loaded: false }
  const off = items.open('food', (now, loaded) => {
    seen.times++
    seen.items = now
    seen.loaded = loaded
  })
  await settle()
  said(wire)
  /** The items come: milk and eggs, and tea that was removed. */
  const load = () => wire.down('s1.aaaaa,todos/food,1,0.', 'a1,1', `n1,0.bbbbb|${JSON.stringify({ eggs, milk, tea })}`)
  /** What is shown, '*' before what is not confirmed. */
  const shown = () => seen.items.map(item => (item.pending ? '*' : '') + item.text)
  return { items, wire, seen, shown, off, load }
}

/** The same page when they have. */
const food = async () => {
  const page = await unloaded()
  page.load()
  await pass(1)
  return page
}

test('a list is shown in its order, without what was removed, once for all that comes together', async () => {
  const { seen, wire } = await food()
  assert.deepEqual(seen, { times: 1, loaded: true, items: [{ ...milk, list: 'food', id: 'milk' }, { ...eggs, list: 'food', id: 'eggs' }] })
  wire.down('t1,1.ccccc|{"milk":{"pos":3}}', 't1,2.ddddd|{"tea":{"gone":null}}')
  await pass(1)
  assert.deepEqual([seen.times, seen.items.map(item => item.id)], [2, ['tea', 'eggs', 'milk']])
})

test('a change shows at once, and counts as pending until it is confirmed', async () => {
  const { items, wire, shown, seen } = await food()
  const done = [items.tick('food', 'milk', true), items.add('food', 'bread', 'bread'), items.remove('food', 'eggs', eggs.rev)].map(fate)
  assert.deepEqual(shown(), ['*milk', '*bread'])
  assert.deepEqual([seen.items[0].done, seen.items[1].rev, seen.items[1].pos], [true, 'bread', 3])
  await settle()
  assert.deepEqual(said(wire), ['C2,items.tick|{"list":"food","id":"milk","done":true}', 'C3,items.add|{"list":"food","id":"bread","text":"bread"}',
    'C4,items.remove|{"list":"food","id":"eggs","rev":"eggs0000"}'])
  wire.down('t1,1.ccccc|{"milk":{"done":true}}', 't1,2.ddddd|{"bread":{"text":"bread","rev":"bread","done":false,"pos":3,"by":"Ann"}}', 't1,3.eeeee|{"eggs":{"gone":true}}')
  await pass(1)
  assert.deepEqual(shown(), ['*milk', '*bread'])
  wire.down('a4,1')
  await pass(1)
  assert.deepEqual(shown(), ['milk', 'bread'])
  for (const each of done) wantDone(each)
})

test('what is added before the items have come shows, and they are not taken for all', async () => {
  const { items, shown, seen, load } = await unloaded()
  fate(items.tick('food', 'milk', true))
  fate(items.restore('food', 'tea'))
  assert.deepEqual(shown(), [])
  fate(items.add('food', 'bread', 'bread'))
  assert.deepEqual([shown(), seen.loaded], [['*bread'], false])
  load()
  await pass(1)
  assert.deepEqual([shown(), seen.loaded], [['*milk', '*tea', 'eggs', '*bread'], true])
})

test('what was added shows again where it is opened again, also before the items have come', async () => {
  const { items, off, shown } = await unloaded()
  fate(items.add('food', 'bread', 'bread'))
  off()
  let again = []
  items.open('food', now => { again = now.map(item => item.text) })
  await pass(1)
  assert.deepEqual([again, shown()], [['bread'], ['*bread']])
})

test('a change that is refused is taken back', async () => {
  const { items, wire, shown } = await food()
  const refused = [items.edit('food', 'milk', { seen: [milk.rev], rev: 'ann00001', text: 'oat milk' }), items.restore('food', 'tea')].map(fate)
  assert.deepEqual(shown(), ['*oat milk', '*tea', 'eggs'])
  await settle()
  wire.down('x2.bbbbb,2|{"code":"conflict","message":"no"}', 'x3.ccccc,3|{"code":"not_found","message":"no"}')
  await pass(1)
  assert.deepEqual(shown(), ['milk', 'eggs'])
  wantFailed(refused[0], 'conflict')
  wantFailed(refused[1], 'not_found')
})

test('an edit is laid over what it takes the place of, and over nothing else', async () => {
  const { items, wire, shown } = await food()
  fate(items.edit('food', 'milk', { seen: [milk.rev], rev: 'ann00001', text: 'oat milk' }))
  fate(items.edit('food', 'milk', { seen: [milk.rev, 'ann00001'], rev: 'ann00002', text: 'two oat milks' }))
  assert.deepEqual(shown(), ['*two oat milks', 'eggs'])
  wire.down('t1,1.ccccc|{"milk":{"text":"oat milk","rev":"ann00001"}}') // the first one took effect
  await pass(1)
  assert.deepEqual(shown(), ['*two oat milks', 'eggs'])
  wire.down('t1,2.ddddd|{"milk":{"text":"soy milk","rev":"bob00001"}}')
  await pass(1)
  assert.deepEqual(shown(), ['*soy milk', 'eggs'])
})

test('a removal is of the text that was seen', async () => {
  const { items, wire, shown } = await food()
  fate(items.remove('food', 'milk', milk.rev))
  assert.deepEqual(shown(), ['eggs'])
  wire.down('t1,1.ccccc|{"milk":{"text":"soy milk","rev":"bob00001"}}')
  await pass(1)
  assert.deepEqual(shown(), ['*soy milk', 'eggs'])
})

test('something is pending as long as a change is, in whatever list, also what shows nowhere', async () => {
  const { items, wire } = await food()
  assert.equal(items.pending(), false)
  const removal = fate(items.remove('food', 'milk', milk.rev))
  const tick = fate(items.tick('work', 'call', true))
  await settle()
  assert.equal(items.pending(), true)
  wire.down('a2,1')
  await settle()
  wantDone(removal)
  assert.equal(items.pending(), true)
  wire.down('x3.bbbbb,3|{"code":"not_found","message":"no"}')
  await settle()
  wantFailed(tick, 'not_found')
  assert.equal(items.pending(), false)
})

test('what is moved stands where it was put, between its neighbours or at the end', async () => {
  const { items, shown } = await food()
  fate(items.add('food', 'bread', 'bread'))
  fate(items.move('food', 'bread', 'milk'))
  assert.deepEqual(shown(), ['*bread', 'milk', 'eggs'])
  fate(items.move('food', 'bread', 'eggs'))
  assert.deepEqual(shown(), ['milk', '*bread', 'eggs'])
  fate(items.move('food', 'milk', ''))
  assert.deepEqual(shown(), ['*bread', 'eggs', '*milk'])
})

test('a list shows the changes of its own items, and nothing when it is shown no longer', async () => {
  const { items, shown, seen, off } = await food()
  fate(items.tick('work', 'milk', true))
  assert.deepEqual(shown(), ['milk', 'eggs'])
  const { times } = seen
  off()
  fate(items.tick('food', 'milk', true))
  await pass(1)
  assert.equal(seen.times, times)
})
