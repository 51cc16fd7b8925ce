import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { fate, open, restore, said, settle, stopTime, wantDone, wantFailed } from '../../client/js/harness/index.js'
import { join } from '../../client/js/src/app.js'
import * as half from './client.js'

beforeEach(stopTime)
afterEach(restore)

const joined = async (name = 'pubsub') => {
  const { rt, wire } = await open()
  return { pubsub: join(rt, { [name]: half })[name], rt, wire }
}

test('publishing calls the instance, and settles with it', async () => {
  const { pubsub, wire } = await joined()
  const [all, others] = [fate(pubsub.publish('news', { n: 1 })), fate(pubsub.publishOthers('news', 'hi'))]
  await settle()
  assert.deepEqual(said(wire), [
    'C1,pubsub.publish|{"channel":"news","value":{"n":1}}',
    'C2,pubsub.publishOthers|{"channel":"news","value":"hi"}'
  ])
  wire.down('x1.aaaaa,2|{"code":"denied","message":"no"}', 'a2,1')
  await settle()
  wantDone(all)
  wantFailed(others, 'denied')
})

test('publishing may be given up', async () => {
  const { pubsub } = await joined()
  for (const publish of [pubsub.publish, pubsub.publishOthers]) {
    const sent = fate(publish('news', 1, { signal: AbortSignal.abort() }))
    await settle()
    wantFailed(sent, 'aborted')
  }
})

test('a subscriber gets values with who and when, until it ends', async () => {
  const { pubsub, wire } = await joined()
  const heard = []
  const off = pubsub.subscribe('news', (...all) => heard.push(all))
  await settle()
  assert.deepEqual(said(wire), ['S1,pubsub/news'])
  wire.down('s1.aaaaa,pubsub/news,1,0.', 'a1,1', 't1,1.bbbbb|{"value":"hi","user":{"name":"Ann"},"at":7}', 't1,2.ccccc|{"value":null,"at":8}')
  await settle()
  assert.deepEqual(heard, [['hi', { user: { name: 'Ann' }, at: 7 }], [null, { at: 8 }]])
  off()
  await settle()
  assert.deepEqual(said(wire).filter(line => !line.startsWith('A')), ['U2,pubsub/news'])
})

test('the service may have another name', async () => {
  const { pubsub, wire } = await joined('mail')
  pubsub.publish('ann', 1).catch(() => {})
  pubsub.subscribe('ann', () => {})
  await settle()
  assert.deepEqual(said(wire), ['C1,mail.publish|{"channel":"ann","value":1}', 'S2,mail/ann'])
})
