import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { fate, hello, open, pass, restore, said, settle, stopTime, wantDone, wantFailed } from '../../client/js/harness/index.js'
import { join } from '../../client/js/src/app.js'
import * as half from './client.js'

beforeEach(stopTime)
afterEach(restore)

const joined = async (name = 'presence') => {
  const { rt, wire, t } = await open()
  return { presence: join(rt, { [name]: half })[name], rt, wire, t }
}

/** What a client with a new socket says, after the old one has ended with a code. */
const anew = async ({ wire, t }, code = 'z4004,,') => {
  wire.down(code)
  await pass(10_000)
  const next = t.connections.at(-1)
  next.down(hello({ id: 'next' }))
  await settle()
  return said(next)
}

test('entering and leaving settle with the instance', async () => {
  const { presence, wire } = await joined()
  const [there, gone, full] = [fate(presence.enter('lobby')), fate(presence.leave('lobby')), fate(presence.enter('attic'))]
  await settle()
  assert.deepEqual(said(wire), ['C1,presence.enter|"lobby"', 'C2,presence.leave|"lobby"', 'C3,presence.enter|"attic"'])
  wire.down('x1.aaaaa,3|{"code":"full","message":"no"}', 'a3,1')
  await settle()
  wantDone(there)
  wantDone(gone)
  wantFailed(full, 'full')
})

test('who watches is shown who is there, who came first in front, until it ends', async () => {
  const { presence, wire } = await joined()
  const shown = []
  const off = presence.watch('lobby', people => shown.push(people))
  await settle()
  assert.deepEqual(said(wire), ['S1,presence/lobby'])
  wire.down('s1.aaaaa,presence/lobby,1,0.', 'a1,1', 'n1,0.bbbbb|{}',
    't1,1.ccccc|{"cid":{"name":"Cid","since":7},"ann":{"name":"Ann","since":7},"10":{"name":"","since":9}}', 't1,2.ddddd|{"cid":{"away":true},"10":null}')
  await settle()
  const ann = { id: 'ann', name: 'Ann', since: 7, away: false }
  const cid = { id: 'cid', name: 'Cid', since: 7, away: false }
  assert.deepEqual(shown, [[], [ann, cid, { id: '10', name: '', since: 9, away: false }], [ann, { ...cid, away: true }]])
  off()
  await settle()
  assert.deepEqual(said(wire).filter(line => !line.startsWith('A')), ['U2,presence/lobby'])
})

test('a page that hears that it was away says that it is back', async () => {
  const { wire } = await joined()
  wire.down('e1.aaaaa,presence.away')
  await settle()
  assert.deepEqual(said(wire), ['C1,presence.back'])
  wire.down('x2.bbbbb,1|{"code":"busy","message":"no"}') // nobody has to care
  await settle()
})

test('a new socket enters the rooms that the page is in, and no others', async () => {
  const all = await joined()
  const { presence, wire } = all
  for (const room of ['lobby', 'attic', 'cellar', 'vault']) presence.enter(room).catch(() => {})
  presence.leave('attic')
  await settle()
  said(wire)
  wire.down('x1.aaaaa,4|{"code":"denied","message":"no"}', 'a5,1')
  await settle()
  assert.deepEqual(await anew(all), ['C1,presence.enter|"lobby"', 'C2,presence.enter|"cellar"'])
})

test('a room whose entering was lost with the socket is entered on the next', async () => {
  const all = await joined()
  const lost = fate(all.presence.enter('lobby'))
  await settle()
  assert.deepEqual(await anew(all, 'z4004,1,'), ['C1,presence.enter|"lobby"'])
  wantFailed(lost, 'gone')
  const again = await joined()
  assert.deepEqual(await anew(again), [])
})

test('a room that refuses the new socket is not entered a third time', async () => {
  const all = await joined()
  all.presence.enter('lobby').catch(() => {})
  await settle()
  all.wire.down('a1,0')
  assert.deepEqual(await anew(all), ['C1,presence.enter|"lobby"'])
  const next = all.t.connections.at(-1)
  next.down('x1.aaaaa,1|{"code":"full","message":"no"}')
  await settle()
  assert.deepEqual(await anew({ wire: next, t: all.t }), [])
})

test('what is lost of a topic is not what is lost of the page', async () => {
  const { presence, rt, wire } = await joined()
  presence.enter('lobby').catch(() => {})
  rt.topic('room/lobby').on(() => {})
  await settle()
  said(wire)
  wire.down('s1.aaaaa,room/lobby,1,3.bbbbb', 'l1,9.ccccc,expired')
  await settle()
  assert.deepEqual(said(wire).filter(line => !line.startsWith('A')), [])
  wire.down('l,9.ddddd,expired') // of its own stream: it may have been told that it was away
  await settle()
  assert.deepEqual(said(wire).filter(line => !line.startsWith('A')), ['C3,presence.enter|"lobby"'])
})

test('the service may have another name', async () => {
  const { presence, wire } = await joined('who')
  presence.enter('lobby').catch(() => {})
  presence.watch('lobby', () => {})
  await settle()
  wire.down('e1.aaaaa,who.away')
  await settle()
  assert.deepEqual(said(wire), ['C1,who.enter|"lobby"', 'S2,who/lobby', 'C3,who.back'])
})
