// What a page may not write: the compiler finds an error in each line below a mark, and in no other.
import { connect } from '/rt/app.js'

const app = connect()
const { rt, shop } = app

// @ts-expect-error no such method
shop.canzel('1')
// @ts-expect-error no such service
app.hidden.dig('1')
// @ts-expect-error it takes a string
shop.cancel(1)
// @ts-expect-error it takes something
shop.cancel()
// @ts-expect-error it takes nothing
shop.look('here')
// @ts-expect-error no such status
shop.order({ id: '1', status: 'opened', lines: null, sum: 1 })
// @ts-expect-error the sum is missing
shop.order({ id: '1', status: 'open', lines: null })
// @ts-expect-error no such option
shop.cancel('1', { timeOut: 1 })
// @ts-expect-error a list may be null
shop.list().then(list => list.length)
// @ts-expect-error an event has no answer
shop.cancel('1').then(answer => answer.length)
// @ts-expect-error it is not volatile
shop.volatile.cancel('1')
// @ts-expect-error no such topic
rt.topic('order/all')
// @ts-expect-error that is a state
rt.topic('counts/all')
// @ts-expect-error a name has a key
rt.topic('orders')
// @ts-expect-error nobody may subscribe
rt.state('secret/all')
// @ts-expect-error an order has no total
rt.topic('orders/all').on(order => order.total)
// @ts-expect-error a state is undefined before it is set
rt.state('line/1').on(line => line.what)
// @ts-expect-error the answer is a boolean
rt.service('shop', { confirm: () => 'yes' })
// @ts-expect-error it is told nothing of that name
rt.service('shop', { notize: () => {} })

/** @type {import('./types').Half<'shop'>} */
// @ts-expect-error another service's topic
export default ({ state }) => state('line/1')
