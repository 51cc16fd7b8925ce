// @ts-check

/**
 * One connection, as the other end sees it.
 *
 * @typedef MockConnection
 * @property {string[]} up what the client sent: its hello first
 * @property {boolean} closed the client has ended it
 * @property {(...lines: string[]) => void} down sends lines down
 * @property {() => void} cut ends it without a word
 * @property {() => string} poll makes the client say hello again, as a poll does
 */

/**
 * A transport in memory, for tests: its other end is an array of the connections that were opened. With up: false it can only carry
 * down, and the client posts what goes up.
 *
 * @param {{name?: string, up?: boolean, opened?: (c: MockConnection) => void}} [options]
 * @returns {import('../../client/js/src/transport.js').Transport & {connections: MockConnection[]}}
 */
export const mock = ({ name = 'mock', up = true, opened } = {}) => {
  /** @type {MockConnection[]} */
  const connections = []
  return {
    name,
    connections,
    open(link) {
      /** @type {MockConnection} */
      const c = {
        up: [link.hello()],
        closed: false,
        down: (...lines) => link.frames(lines.join('\n')),
        cut: () => link.closed(),
        poll: () => link.hello()
      }
      link.signal.onabort = () => { c.closed = true }
      connections.push(c)
      opened?.(c)
      return up ? { send: lines => { c.up.push(...lines.split('\n')) } } : new Promise(() => {})
    }
  }
}
