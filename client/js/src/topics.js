// @ts-check
import { decode, offsetOf } from './frames.js'

/**
 * A subscription, or the wish for one.
 *
 * @typedef Sub
 * @property {string} name
 * @property {string} [id] the topic's short name in frames; set while the instance has us subscribed
 * @property {string} cursor
 * @property {string} [told] the cursor that the instance knows
 * @property {boolean} [known] the topic has a state, and value is it
 * @property {any} [value]
 * @property {Set<(value: any) => void>} entries listeners for entries
 * @property {Set<(value: any) => void>} values listeners for the state
 * @property {import('./conversation.js').Message} [asked] the last S or U
 */

/** @param {any} v */
const isObject = v => v && typeof v === 'object' && !Array.isArray(v)

/**
 * Applies a JSON merge patch (RFC 7396). What it is given stays as it is. Maps, because with assignments a member named __proto__ would be more than a member.
 *
 * @param {any} target
 * @param {any} patch
 */
export const merge = (target, patch) => {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, merge(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}

/**
 * The topics that the page listens to.
 *
 * @param {object} o
 * @param {(kind: 'S' | 'U', topic: string, no: (e: Error) => void) => import('./conversation.js').Message} o.push sends a message
 * @param {(m: import('./conversation.js').Message) => boolean} o.drop takes one back; false: it was sent already
 * @param {ReturnType<import('./events.js').emitter>} o.events
 */
export const subscriptions = ({ push, drop, events }) => {
  /** @type {Map<string, Sub>} */
  const subs = new Map()
  /** @type {Map<string, Sub>} */
  const ids = new Map()

  /** @param {string} name */
  const get = name => {
    let sub = subs.get(name)
    if (!sub) subs.set(name, sub = { name, cursor: '', entries: new Set(), values: new Set() })
    return sub
  }

  /** @param {Sub} sub */
  const wanted = sub => sub.entries.size + sub.values.size > 0

  /** Subscribes or unsubscribes. What was not sent yet is taken back instead. @param {Sub} sub @param {'S' | 'U'} kind */
  const ask = (sub, kind) => {
    if (sub.asked && drop(sub.asked)) {
      sub.asked = undefined
      return
    }
    sub.asked = push(kind, sub.name, e => events.report(Object.assign(e, { stream: sub.name })))
  }

  /** @param {Sub} sub @param {string} cursor @param {boolean} [anywhere] also backwards */
  const moved = (sub, cursor, anywhere) => {
    if (!anywhere && offsetOf(cursor) <= offsetOf(sub.cursor)) return false
    sub.cursor = cursor
    return true
  }

  /** @param {Sub} sub @param {any} value */
  const show = (sub, value) => {
    sub.known = true
    sub.value = value
    for (const f of sub.values) events.call(f, value)
  }

  return {
    get,

    /**
     * Adds a listener: the first one subscribes, the last one's end unsubscribes.
     *
     * @param {string} name
     * @param {'entries' | 'values'} to
     * @param {(value: any) => void} listener
     */
    listen(name, to, listener) {
      const sub = get(name)
      const entry = (/** @type {any} */ value) => listener(value)
      if (!wanted(sub)) ask(sub, 'S')
      sub[to].add(entry)
      if (to === 'values' && sub.known) events.call(entry, sub.value)
      return () => {
        if (sub[to].delete(entry) && !wanted(sub)) ask(sub, 'U')
      }
    },

    /**
     * Handles a frame that is about a topic.
     *
     * @param {{kind: string, fields: string[], payload: string}} frame
     */
    frame({ kind, fields: [a, b, c, d], payload }) {
      if (kind === 's') {
        const sub = get(b)
        ids.set(sub.id = c, sub)
        sub.cursor = sub.told = d
        return
      }
      const sub = ids.get(kind === 'u' ? b : a)
      if (!sub) return
      switch (kind) {
        case 'u':
          ids.delete(b)
          sub.id = undefined
          sub.known = false
          if (!wanted(sub)) subs.delete(sub.name)
          break
        case 'n':
          moved(sub, b, true)
          show(sub, decode(payload))
          break
        case 'l':
          moved(sub, b, true)
          events.emit('lost', { stream: sub.name, why: c })
          break
        case 'j':
          moved(sub, b)
          break
        case 't':
          if (b && !moved(sub, b)) break
          const entry = decode(payload)
          for (const f of sub.entries) events.call(f, entry)
          if (sub.known) show(sub, merge(sub.value, entry))
      }
    },

    /** The cursors that the instance does not know. */
    cursors() {
      /** @type {Record<string, string>} */
      const all = {}
      for (const sub of ids.values()) if (sub.cursor !== sub.told) all[sub.name] = sub.cursor
      return all
    },

    /** The instance was told these. @param {Record<string, string>} all */
    told(all) {
      for (const name in all) {
        const sub = subs.get(name)
        if (sub) sub.told = all[name]
      }
    },

    /** Subscribes again, on a new socket. Returns the names of the topics whose entries may have been missed. */
    renew() {
      ids.clear()
      const missed = []
      for (const sub of subs.values()) {
        if (sub.id && !sub.known && wanted(sub)) missed.push(sub.name)
        sub.id = sub.asked = undefined
        if (wanted(sub)) ask(sub, 'S')
        else subs.delete(sub.name)
      }
      return missed
    }
  }
}
