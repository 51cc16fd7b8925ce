// The test that docs/testing-services.md shows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harness } from 'sojourn-client/testing'

const chat = ({ server, handle, topic }) => {
  const lines = []
  topic('room/lobby').on(({ from, text }) => lines.push(`${from}: ${text}`))
  handle({ confirm: order => order.sum < 100 })
  return { lines, say: text => server.say(text.trim()) }
}

test('the chat shows lines, and says what the user types', async () => {
  const { app, server } = harness({ chat })
  server.on('chat.say', text => { // what the instance does
    if (!text) throw Object.assign(new Error('say something'), { code: 'invalid' })
  })
  await app.chat.say(' hello ')
  await assert.rejects(app.chat.say(' '), { code: 'invalid' })

  await server.publish('room/lobby', { from: 'bob', text: 'hi' })
  assert.deepEqual(app.chat.lines, ['bob: hi'])
  assert.equal(await server.ask('chat.confirm', { sum: 12 }), true)

  server.cut() // the instance is killed
  await server.publish('room/lobby', { from: 'bob', text: 'still there?' })
  assert.equal(app.chat.lines.length, 2)
})
