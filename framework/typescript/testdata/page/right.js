// What a page may write.
import { connect } from '/rt/app.js'
import half from './half.js'

const { rt, shop, desk, nothing, halved } = connect({ log: (level, message, fields) => console.log(level, message, fields.ms) })

/** @type {import('./types').Order} */
const order = { id: '1', status: 'open', lines: [{ what: 'tea' }, { what: 'milk', note: 'cold' }], sum: 3 }

shop.order(order).then(status => {
  /** @type {'open' | 'done' | "it's"} */
  const is = status
  return is
})
shop.order({ ...order, lines: null }, { timeout: 1000 })
shop.list().then(list => list?.map(each => each.sum.toFixed()))
shop.list(undefined, { signal: AbortSignal.timeout(1) })
shop.cancel('1').then(nothing => nothing)
shop.import()
shop.import({ any: 'thing' })
shop.filter()
shop.filter(null)
shop.filter('done', {})
shop.photo(new Uint8Array(3)).then(photo => photo.byteLength)
shop.look()
shop.volatile.look()
shop.volatile.watch('1').then(n => n.toFixed())
desk.ring()
nothing.volatile
halved.whateverItReturns()
rt.discover?.().then(({ services }) => services[0].methods?.[0].in?.trim())

const key = 'all'
const off = rt.topic('orders/all').on(each => each.lines?.[0]?.note?.trim())
off()
rt.topic(`photos/${key}`).on(photo => photo.byteLength)
rt.state('counts/all').on(counts => (counts?.open ?? 0) + 1)
rt.state('line/1').on(line => line?.note?.trim())
rt.on('status', status => status === 'ready')
rt.service('shop', { confirm: asked => asked.sum > 1, notice: text => text.trim() }).look()
rt.service('desk', { anything: value => value })
const untyped = /** @type {import('./types').sojourn.Client} */ (rt)
untyped.service('hidden').dig('here')
rt.close()

/** @type {import('./types').App<{ shop: typeof half }>} */
const app = connect()
app.shop.buy(3).toFixed()
app.desk.ring()

/** @type {import('./types').Half<'desk'>} */
const whole = ({ server, rt }) => ({ ring: () => rt.topic('orders/all').on(() => server.ring()) })

/** @type {import('./types').App<{ desk: { default: typeof whole }, shop: () => void }>} */
const both = connect()
both.desk.ring()
both.shop.cancel('1')
