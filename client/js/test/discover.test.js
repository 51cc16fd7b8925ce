import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { discover, fate, open, restore, said, settle, stopTime, wantFailed } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

test('a server is asked for its services', async () => {
  const { rt, wire } = await open()
  const asked = discover(rt)
  await settle()
  assert.deepEqual(said(wire), ['C1,sojourn.describe'])
  wire.down('r1.aaaaa,1|{"services":[{"name":"chat"}]}')
  assert.deepEqual(await asked, { services: [{ name: 'chat' }] })
})

test('a server that does not tell answers so', async () => {
  const { rt, wire } = await open()
  const asked = fate(discover(rt))
  await settle()
  wire.down('x1.aaaaa,1|{"code":"not_found","message":"no method sojourn.describe here"}')
  await settle()
  wantFailed(asked, 'not_found')
})
