import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness } from '../../client/js/test/testing.js'
import * as half from './client.js'

test('publishing calls the instance, and settles with it', async () => {
  const { app: { pubsub }, server } = harness({ pubsub: half })
  const said = []
  server.on('pubsub.publish', publication => { said.push(publication) })
  server.on('pubsub.publishOthers', () => { throw Object.assign(new Error('no'), { code: 'denied' }) })
  await pubsub.publish('news', { n: 1 })
  assert.deepEqual(said, [{ channel: 'news', value: { n: 1 } }])
  await assert.rejects(pubsub.publishOthers('news', 'hi'), { code: 'denied' })
  server.on('pubsub.publishOthers', publication => { said.push(publication) })
  await pubsub.publishOthers('news', 'hi')
  assert.deepEqual(said[1], { channel: 'news', value: 'hi' })
})

test('publishing may be given up', async () => {
  const { app: { pubsub } } = harness({ pubsub: half })
  for (const publish of [pubsub.publish, pubsub.publishOthers]) {
    await assert.rejects(publish('news', 1, { signal: AbortSignal.abort() }), { code: 'aborted' })
  }
})

test('a subscriber gets values with who and when, until it ends', async () => {
  const { app: { pubsub }, server } = harness({ pubsub: half })
  const heard = []
  const off = pubsub.subscribe('news', (...all) => heard.push(all))
  await server.publish('pubsub/news', { value: 'hi', user: { name: 'Ann' }, at: 7 })
  await server.publish('pubsub/news', { value: null, at: 8 })
  assert.deepEqual(heard, [['hi', { user: { name: 'Ann' }, at: 7 }], [null, { at: 8 }]])
  off()
  await server.publish('pubsub/news', { value: 'for nobody', at: 9 })
  assert.equal(heard.length, 2)
})

test('the service may have another name', async () => {
  const { app: { mail }, server } = harness({ mail: half })
  const said = []
  const heard = []
  server.on('mail.publish', publication => { said.push(publication.value) })
  await mail.publish('ann', 1)
  mail.subscribe('ann', value => heard.push(value))
  await server.publish('mail/ann', { value: 2, at: 1 })
  assert.deepEqual([said, heard], [[1], [2]])
})
