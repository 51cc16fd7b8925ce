/** @satisfies {import('./types').Half<'shop'>} */
const half = ({ name, server, handle, topic, state, rt, log }) => {
  handle({
    notice(text) { log.info(text.trim(), { name }) },
    clear() {},
    async confirm(order) { return order.status === 'open' }
  })
  topic('orders/all').on(order => order.sum)
  state('counts/all').on(counts => counts?.done)
  rt.state('line/1').on(line => line?.what)
  server.volatile.look()
  return {
    /** @param {number} n */
    buy: n => n + 1
  }
}
export default half
