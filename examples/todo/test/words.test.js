import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { hello, join, open, pass, restore, said, settle, stopTime } from '../../../client/js/harness/index.js'
import * as half from '../items/client.js'
import { words } from '../page/words.js'

/** What the tab remembers. */
let tab
beforeEach(() => {
  tab = new Map()
  globalThis.sessionStorage = { getItem: name => tab.get(name) ?? null, setItem: (name, value) => { tab.set(name, value) } }
})

afterEach(restore)

/** A page, and what it has said to the instance: each is answered by ok or no. */
const page = () => {
  const said = []
  const method = name => (...a) => new Promise((yes, no) => {
    said.push({
      line: name + ' ' + a.map(each => JSON.stringify(each)).join(' '),
      ok: async () => { yes(); await settle() },
      no: async code => { no(Object.assign(new Error('because'), { code })); await settle() }
    })
  })
  const typed = words({
    items: { add: method('add'), edit: method('edit') },
    lists: { create: method('create'), rename: method('rename') },
    changed() {}
  })
  return {
    typed,
    said,
    /** What was said since the last look. */
    heard: () => said.splice(0),
    texts: () => [typed.waiting().map(w => w.text), typed.refused().map(w => w.text)]
  }
}

/** The revs that an edit says. */
const revs = ({ line }) => {
  const { seen, rev } = JSON.parse(line.slice(line.indexOf('{')))
  return { seen, rev }
}

const milk = { list: 'food', id: 'milk', rev: 'milk0000' }

test('words are kept until they are confirmed', async () => {
  const { typed, heard, texts } = page()
  typed.add('food', 'bread', 'rye bread')
  typed.edit(milk, 'oat milk')
  typed.add('work', '', 'Work')
  typed.edit({ list: 'food', id: '', rev: 'food' }, 'Groceries')
  const [add, edit, create, rename] = heard()
  assert.equal(add.line, 'add "food" "bread" "rye bread"')
  assert.match(edit.line, /^edit "food" "milk" {"seen":\["milk0000"\],"rev":"[0-9a-f]{16}","text":"oat milk"}$/)
  assert.equal(create.line, 'create {"list":"work","name":"Work"}')
  assert.match(rename.line, /^rename {"list":"food","seen":\["food"\],"rev":"[0-9a-f]{16}","name":"Groceries"}$/)
  assert.deepEqual(page().texts(), [['rye bread', 'oat milk', 'Work', 'Groceries'], []]) // as the tab has them
  for (const each of [add, edit, create, rename]) await each.ok()
  assert.deepEqual([texts(), page().texts()], [[[], []], [[], []]])
})

for (const code of ['conflict', 'not_found', 'busy', 'timeout', 'internal', 'full', 'rate_limited', 'closed', 'ended']) {
  test(`words that are refused are asked about, and kept until there is an answer: ${code}`, async () => {
    const { typed, heard, texts } = page()
    typed.edit(milk, 'oat milk')
    const [edit] = heard()
    await edit.no(code)
    assert.deepEqual(texts(), [[], ['oat milk']])
    assert.deepEqual(page().typed.refused()[0].why, { code, message: 'because' })
    const [w] = typed.refused()
    typed.retype(w, 'oats')
    assert.deepEqual(page().texts(), [[], ['oats']])
    typed.drop(w)
    assert.deepEqual([texts(), page().texts(), heard()], [[[], []], [[], []], []])
  })
}

test('who insists takes the place of what is there now, or adds', async () => {
  const { typed, heard } = page()
  for (const now of [{ rev: 'bob00001', text: 'soy milk' }, undefined]) {
    typed.edit(milk, 'oat milk')
    await heard()[0].no('conflict')
    typed.insist(typed.refused()[0], now, 'work')
    const [again] = heard()
    if (now) assert.deepEqual(revs(again).seen, ['bob00001'])
    else assert.match(again.line, /^add "work" "[0-9a-f]{16}" "oat milk"$/)
    await again.no('conflict') // also that may be refused
    assert.deepEqual(typed.refused().length, now ? 1 : 0) // an id of our own is known only by what was added by us
    for (const w of typed.refused()) typed.drop(w)
  }
})

for (const code of ['gone', 'unknown']) {
  test(`words whose answer is lost are said again, as often as that is: ${code}`, async () => {
    const { typed, heard, texts } = page()
    typed.edit(milk, 'oat milk')
    const [first] = heard()
    await first.no(code)
    const [second] = heard()
    assert.equal(second.line, first.line)
    await second.no(code)
    await heard()[0].ok()
    assert.deepEqual(texts(), [[], []])
  })
}

test('an addition that took effect, though its answer was lost, is done', async () => {
  const { typed, heard, texts } = page()
  typed.add('food', 'bread', 'rye bread')
  await heard()[0].no('unknown')
  await heard()[0].no('conflict')
  assert.deepEqual([texts(), heard()], [[[], []], []])
})

test('of edits in a row the last one counts, and says all that it takes the place of', async () => {
  const { typed, heard, texts } = page()
  typed.edit(milk, 'oat milk')
  const [first] = heard()
  typed.edit({ ...milk, rev: revs(first).rev }, 'two oat milks')
  const [second] = heard()
  assert.deepEqual(revs(second).seen, ['milk0000', revs(first).rev])
  await first.no('conflict')
  assert.deepEqual([texts(), heard()], [[['two oat milks'], []], []]) // nobody is asked about what its author has changed
  await second.no('conflict')
  assert.deepEqual(texts(), [[], ['two oat milks']])
})

test('edits of different texts of an item do not take each other\'s place', async () => {
  const { typed, heard, texts } = page()
  typed.edit(milk, 'oat milk')
  await heard()[0].no('conflict')
  typed.edit({ ...milk, rev: 'bob00001' }, 'soy milk, please') // of what somebody else has typed
  assert.deepEqual(texts(), [['soy milk, please'], ['oat milk']])
})

test('what was typed of a new item is added, if that is not there yet', async () => {
  const { typed, heard, texts } = page()
  typed.add('food', 'bread', 'bread')
  typed.edit({ list: 'food', id: 'bread', rev: 'bread' }, 'rye bread')
  let [add, edit] = heard()
  await add.no('unknown')
  await edit.no('not_found')
  assert.deepEqual(heard().map(each => each.line), ['add "food" "bread" "rye bread"'])

  typed.add('food', 'tea', 'tea')
  typed.edit({ list: 'food', id: 'tea', rev: 'tea' }, 'green tea')
  ;[add, edit] = heard()
  await add.ok()
  await edit.no('not_found') // it was there
  assert.deepEqual([texts()[1], heard()], [['green tea'], []])
})

test('the next page of the tab says what this one did not hear of, lists first', async () => {
  const { typed, heard } = page()
  typed.add('work', '', 'Wokr')
  typed.add('work', 'call', 'call')
  typed.edit({ list: 'work', id: 'call', rev: 'call' }, 'call home')
  typed.edit({ list: 'work', id: '', rev: 'work' }, 'Work')
  typed.edit(milk, 'oat milk')
  const edit = heard().at(-1)
  await edit.no('conflict')

  const next = page()
  assert.deepEqual(next.texts(), [['call home', 'Work'], ['oat milk']])
  next.typed.resume()
  const [create, add, ...more] = next.heard()
  assert.deepEqual([create.line, add.line, more], ['create {"list":"work","name":"Work"}', 'add "work" "call" "call home"', []])
  await create.ok()
  await add.no('conflict') // it is there
  const [again] = next.heard()
  assert.deepEqual([again.line.slice(0, 18), revs(again).seen], ['edit "work" "call"', ['call']])
  await again.no('conflict')
  assert.deepEqual(next.texts(), [[], ['call home', 'oat milk']])
  assert.ok(!next.typed.refused()[0].fresh) // somebody else's text is there
})

test('a page that may not remember anything works all the same', async () => {
  globalThis.sessionStorage = undefined
  const { typed, heard, texts } = page()
  typed.add('food', 'bread', 'rye bread')
  assert.deepEqual(texts(), [['rye bread'], []])
  await heard()[0].ok()
  assert.deepEqual(texts(), [[], []])
})

for (const [what, code] of [['its last message is known', 'z4004,3,'], ['nobody knows its last message', 'z4004,,']]) {
  test(`words outlive their socket, in their order: ${what}`, async () => {
    stopTime()
    const { rt, wire, t } = await open()
    const { items, lists } = join(rt, { items: half, lists: null })
    const typed = words({ items, lists, changed() {} })
    typed.add('work', '', 'Work')
    typed.add('work', 'call', 'call')
    typed.edit(milk, 'oat milk')
    await settle()
    const first = said(wire)
    assert.equal(first.length, 3)
    wire.down(code)
    await pass(10_000)
    const next = t.connections.at(-1)
    next.down(hello({ id: 'next' }))
    await settle()
    assert.deepEqual(said(next), first)
    // The list, and the item, are there; the edit is not.
    next.down('x1.aaaaa,1|{"code":"conflict","message":"it is there"}', 'x2.bbbbb,2|{"code":"conflict","message":"it is there"}',
      'x3.ccccc,3|{"code":"conflict","message":"Bob has changed it meanwhile"}')
    await settle()
    assert.deepEqual([typed.waiting(), typed.refused().map(w => w.why?.message)], [[], ['Bob has changed it meanwhile']])
  })
}
