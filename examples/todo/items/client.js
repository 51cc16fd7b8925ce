// @ts-check
// The items of a list as they are, with what this page has changed and nobody has confirmed yet laid over them: so an edit shows at once, also
// without a connection.

/** @typedef {import('../types').Item & { list: string, id: string, pending?: boolean }} Item */
/** @typedef {(item: Item, items: Map<string, Item>) => void} Change lays a change over an item, which is gone and without a text if there is none */

/** @param {Item[]} items */
const sort = items => items.sort((a, b) => a.pos - b.pos || (a.id < b.id ? -1 : 1))

/** @param {import('../types').Kit<'items'>} kit */
export default ({ server, state }) => {
  /** @type {Set<{ list: string, id: string, change: Change }>} */
  const pending = new Set()
  /** @type {Set<{ render: () => void, soon: () => void }>} */
  const watchers = new Set()

  /**
   * Says a change, and shows it until it has taken effect or was refused.
   *
   * @param {{ list: string, id: string }} ref
   * @param {Promise<void>} done it has taken effect, or was refused
   * @param {Change} change
   */
  const say = async ({ list, id }, done, change) => {
    const mine = { list, id, change }
    pending.add(mine)
    for (const { render } of watchers) render()
    try {
      await done
    } finally {
      pending.delete(mine)
      for (const { soon } of watchers) soon()
    }
  }

  return {
    /** Whether anything was said that has neither taken effect nor was refused yet, in whatever list. */
    pending: () => pending.size > 0,

    /**
     * Shows a list's items, in their order, now and whenever they change. What is removed is not among them.
     *
     * @param {string} list
     * @param {(items: Item[], loaded: boolean) => void} show loaded: these are all of them; until they have come, also without a connection, they are
     *   those that this page has added
     */
    open(list, show) {
      /** @type {Record<string, import('../types').Item> | undefined} */
      let known
      let timer = 0
      const render = () => {
        clearTimeout(timer)
        timer = 0
        /** @type {Map<string, Item>} */
        const items = new Map(Object.entries(known || {}).map(([id, item]) => [id, { ...item, list, id }]))
        for (const { id, change } of [...pending].filter(p => p.list === list)) {
          const item = items.get(id) || { list, id, text: '', rev: '', done: false, pos: 0, by: '', gone: true }
          change(item, items)
          items.set(id, { ...item, pending: true })
        }
        show(sort([...items.values()].filter(item => !item.gone)), !!known)
      }
      // Once for all that comes together: an effect, and its confirmation.
      const soon = () => { timer ||= setTimeout(render, 0) }
      const watcher = { render, soon }
      const off = state(`todos/${list}`).on(value => {
        known = value || {}
        soon()
      })
      watchers.add(watcher)
      soon()
      return () => {
        off()
        watchers.delete(watcher)
        clearTimeout(timer)
      }
    },

    /** @param {string} list @param {string} id of the page's own making @param {string} text */
    add: (list, id, text) => say({ list, id }, server.add({ list, id, text }), (item, items) => {
      const pos = 1 + Math.max(0, ...[...items.values()].map(other => other.pos))
      Object.assign(item, { text, rev: id, done: false, pos, gone: false })
    }),

    /**
     * Rejects with code conflict if the text is none of those that were seen.
     *
     * @param {string} list
     * @param {string} id
     * @param {{ seen: string[], rev: string, text: string }} edit seen: the revs of the texts whose place it takes; rev: its own, of the page's making
     */
    edit: (list, id, edit) => say({ list, id }, server.edit({ list, id, ...edit }), item => {
      if (edit.seen.includes(item.rev)) Object.assign(item, { text: edit.text, rev: edit.rev })
    }),

    /** @param {string} list @param {string} id @param {boolean} done */
    tick: (list, id, done) => say({ list, id }, server.tick({ list, id, done }), item => { item.done = done }),

    /** @param {string} list @param {string} id @param {string} before an item's id; '' for the end */
    move: (list, id, before) => say({ list, id }, server.move({ list, id, before }), (item, items) => {
      const others = sort([...items.values()].filter(other => other.id !== id && !other.gone))
      const at = others.findIndex(other => other.id === before)
      const [below, above] = at < 0 ? [others.at(-1)?.pos || 0, undefined] : [others[at - 1]?.pos || 0, others[at].pos]
      item.pos = (below + (above ?? below + 2)) / 2
    }),

    /** Rejects with code conflict if it has another text. @param {string} list @param {string} id @param {string} rev of the text that was seen */
    remove: (list, id, rev) => say({ list, id }, server.remove({ list, id, rev }), item => { if (item.rev === rev) item.gone = true }),

    /** @param {string} list @param {string} id */
    restore: (list, id) => say({ list, id }, server.restore({ list, id }), item => { item.gone = !item.rev })
  }
}
