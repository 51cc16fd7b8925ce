// The page's half of the chat, and what its user does, against the server of TestBothHalves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from '../../../client/js/dist/app.js'
import { connect } from '../../../client/js/dist/client.js'

const chat = ({ server, handle, topic }) => {
  const lines = []
  const shown = []
  topic('room/lobby').on(({ Text }) => {
    if (shown.length) shown.shift()(Text)
    else lines.push(Text)
  })
  handle({ confirm: ({ Sum }) => Sum < 100 })
  return {
    next: () => lines.length ? lines.shift() : new Promise(resolve => { shown.push(resolve) }),
    say: text => server.say(text.trim()),
    order: sum => server.order({ Sum: sum })
  }
}

test('the halves agree', { timeout: 10_000 }, async t => {
  const app = join(connect(process.argv[2], { transports: ['sse'] }), { chat })
  t.after(() => app.rt.close())
  await app.chat.say(' hello ')
  assert.equal(await app.chat.next(), 'hello')
  await assert.rejects(app.chat.say(' '), { code: 'invalid' })
  await app.chat.order(12)
  assert.equal(await app.chat.next(), 'sold')
})
