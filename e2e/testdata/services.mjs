// What docs/services.md does in pages, as far as Node can be one: it has no modules by http, and no origin.
import assert from 'node:assert/strict'

const mount = process.argv[2]
const text = await (await fetch(mount + '/app.js')).text()
const { connect } = await import('data:text/javascript,' + encodeURIComponent(text.replace('import.meta.url', JSON.stringify(mount + '/app.js'))))
const app = connect()
const shown = []
let more = () => {}
const show = (...what) => {
  shown.push(what)
  more()
}
const shows = async ok => {
  while (!shown.some(ok)) await new Promise(resolve => { more = resolve })
}

const sum = await app.math.add({ A: 1, B: 2 })
assert.equal(sum, 3)

{
const off = app.pubsub.subscribe('news', (value, { user, at }) => show(user?.name, value, new Date(at)))
await app.pubsub.publish('news', { any: 'JSON' })
await app.pubsub.publishOthers('news', 'to everyone but this page')
await shows(([name, value, at]) => name === 'Ann' && value.any === 'JSON' && at.getTime() > 0)
off()
}

{
await app.presence.enter('lobby')
const off = app.presence.watch('lobby', people => show(people)) // [{ id, name, since, away }], who came first in front
await app.presence.leave('lobby')
await shows(([people]) => people?.length === 0)
await app.presence.enter('lobby')
await shows(([people]) => people?.[0]?.name === 'Ann' && people[0].id === 'ann' && !people[0].away && people[0].since)
off()
}
app.rt.close()
