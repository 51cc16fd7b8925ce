// A page of Ann's, as far as Node can be one: it has no modules by http, and no origin.
import assert from 'node:assert/strict'
import { test } from 'node:test'

const [mount, auth] = process.argv.slice(2)
const text = await (await fetch(mount + '/app.js')).text()
const { connect } = await import('data:text/javascript,' + encodeURIComponent(text.replace('import.meta.url', JSON.stringify(mount + '/app.js'))))

test('the halves agree', { timeout: 10_000 }, async t => {
  let warn
  const warned = new Promise(resolve => { warn = resolve })
  const { rt, chat } = connect({ auth, log: (level, message, fields) => { if (level === 'warn') warn([message, fields]) } })
  t.after(() => rt.close())
  const line = new Promise(resolve => { chat.enter(resolve) })
  await chat.say('hello')
  assert.deepEqual(await line, { From: 'Ann', Text: 'hello' })
  await chat.say('')
  assert.deepEqual(await warned, ['say something', { service: 'chat' }])
})
