// @ts-check
import { add, drop } from './conversation.js'
import { callAll, emit, report } from './events.js'
import { failure, offsetOf } from './frames.js'
import { maxCursors } from './limits.js'
import { schedule } from './outbox.js'
/** @typedef {import('./state.js').Client} Client */
/** @typedef {import('./state.js').Sub} Sub */

/** @param {any} v */
const isObject = v => Object(v) === v && !Array.isArray(v)

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

/** @param {Client} c @param {string} title */
const get = (c, title) => {
  const sub = c.subs.get(title) || { title, place: '', hearers: new Set() }
  c.subs.set(title, sub)
  return sub
}

/** Subscribes or unsubscribes. What was not sent yet is taken back instead. @param {Client} c @param {Sub} sub @param {string} letter */
const ask = (c, sub, letter) => {
  sub.asked = sub.asked && drop(c, sub.asked) ? undefined
    : add(c, letter, ',' + sub.title, undefined, e => report(c, Object.assign(e, { stream: sub.title })))
  schedule(c)
}

/**
 * Adds a listener: the first one subscribes, the end of the last one unsubscribes.
 *
 * @param {Client} c
 * @param {string} title
 * @param {'t' | 'n'} kind for its entries, or its state
 * @param {(value: any) => void} listener
 */
export const hear = (c, title, kind, listener) => {
  if (/[,|*\p{Cc}]/u.test(title)) throw failure('invalid', title) // it would be another frame
  const sub = get(c, title)
  if (!sub.hearers.size) ask(c, sub, 'S')
  const entry = (/** @type {string} */ k, /** @type {any} */ value) => k === kind && listener(value)
  sub.hearers.add(entry)
  if (sub.known) callAll(c, [entry], 'n', sub.whole)
  return () => {
    if (sub.hearers.delete(entry) && !sub.hearers.size) ask(c, sub, 'U')
  }
}

/** We are subscribed. @param {Client} c @param {string} title @param {string} short @param {string} place */
export const subscribed = (c, title, short, place) => {
  const sub = get(c, title)
  c.byID.set(short, sub)
  sub.place = place
}

/** We are no more. @param {Client} c @param {string} short */
export const unsubscribed = (c, short) => {
  const sub = /** @type {Sub} */ (c.byID.get(short))
  if (c.byID.delete(short) && !sub.hearers.size) c.subs.delete(sub.title)
}

/**
 * Something happened on a topic: t, j, n or l.
 *
 * @param {Client} c
 * @param {string} kind
 * @param {any} value
 * @param {string} short
 * @param {string} place empty: it is volatile
 * @param {string} why
 */
export const happened = (c, kind, value, short, place, why) => {
  const sub = c.byID.get(short)
  if (!sub || (/[tj]/.test(kind) && place && offsetOf(place) <= offsetOf(sub.place))) return // a repeat
  sub.place = place || sub.place
  c.byID.delete(short)
  c.byID.set(short, sub) // the latest to move is last
  if (kind === 'l') emit(c, 'lost', { stream: sub.title, why })
  if (kind === 't') callAll(c, sub.hearers, 't', value)
  sub.known ||= kind === 'n'
  if (!sub.known || !/[tn]/.test(kind)) return
  sub.whole = kind === 't' ? merge(sub.whole, value) : value
  callAll(c, sub.hearers, 'n', sub.whole)
}

/**
 * How far the topics are: the latest to move, as many as a hello may have. What an instance was told before is said again: its store may have
 * been rewound since, and would go on from an older place with entries that look like repeats.
 *
 * @param {Client} c
 */
export const cursors = c => Object.fromEntries([...c.byID.values()].slice(-maxCursors).map(sub => [sub.title, sub.place]))

/** Subscribes again, on a new socket, and tells of topics whose entries may have been missed. @param {Client} c @param {string} why */
export const resubscribe = (c, why) => {
  const missed = [...c.byID.values()].filter(sub => !sub.known)
  c.byID.clear()
  for (const sub of c.subs.values()) {
    sub.asked = undefined
    if (sub.hearers.size) ask(c, sub, 'S')
    else c.subs.delete(sub.title)
  }
  for (const sub of missed) emit(c, 'lost', { stream: sub.title, why })
}
