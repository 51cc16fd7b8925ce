// @ts-check
// Words that somebody has typed here and that are not known to be in their list yet. They are kept in the tab, over reloads and log-ins too, until they are,
// or until the one who typed them has seen why not, and has let them go.

import { newID } from './dom.js'
import { recall, remember } from './tab.js'

/**
 * @typedef Words
 * @property {string} list
 * @property {string} id of the item whose text they are; '' if they are the list's name
 * @property {string} text
 * @property {string} rev names the text
 * @property {string[]} seen the revs of the texts whose place it takes; none if it is the first one
 * @property {boolean} [fresh] nobody has confirmed that there is such an item, or list, at all
 * @property {{ code: string, message: string }} [why] they were refused: the one who typed them is asked
 */

/** @typedef {{ rev: string, text: string }} Text what is, or was, in the place of words */

/**
 * @typedef To where words go
 * @property {{ add(list: string, id: string, text: string): Promise<void>, edit(list: string, id: string, edit: { seen: string[], rev: string, text: string }): Promise<void> }} items
 * @property {{ create(list: { list: string, name: string }): Promise<void>, rename(name: { list: string, seen: string[], rev: string, name: string }): Promise<void> }} lists
 * @property {() => void} changed something of what follows is another now
 */

/** @param {To} to */
export const words = ({ items, lists, changed }) => {
  const all = /** @type {Set<Words>} */ (new Set(recall('words', [])))
  const keep = () => remember('words', [...all])

  const update = () => {
    keep()
    changed()
  }

  /** @param {Words} w @param {boolean} [again] it may have been said before */
  const say = async (w, again) => {
    const { list, id, text, rev, seen } = w
    if (w.fresh && (again || !seen.length)) {
      try {
        return await (id ? items.add(list, id, text) : lists.create({ list, name: text }))
      } catch (/** @type {any} */ e) {
        if (e.code !== 'conflict') throw e
        delete w.fresh
        if (!seen.length) return // the id is ours: it was added by this
      }
    }
    await (id ? items.edit(list, id, { seen, rev, text }) : lists.rename({ list, seen, rev, name: text }))
  }

  /** Says words until it is known whether they took effect. @param {Words} w @param {boolean} [again] */
  const send = async (w, again) => {
    all.add(w)
    update()
    try {
      await say(w, again)
      all.delete(w)
      for (const later of all) if (later.list === w.list && later.id === w.id) delete later.fresh
    } catch (/** @type {any} */ e) {
      if (!all.has(w)) return // others have taken their place, and what becomes of those is what matters
      // The answer was lost with the socket; or what they change was, and has to be made first.
      if (/^(gone|unknown)$/.test(e.code) || w.fresh && !again && e.code === 'not_found') return send(w, true)
      w.why = { code: e.code, message: e.message }
    }
    update()
  }

  /** @param {string} list @param {string} id @param {string} text */
  const add = (list, id, text) => { send({ list, id, text, rev: id || list, seen: [], fresh: true }) }

  return {
    add,

    /**
     * Puts a text in the place of another one. If that is our own, and not confirmed, it takes its place here too.
     *
     * @param {{ list: string, id: string, rev: string }} of
     * @param {string} text
     */
    edit({ list, id, rev }, text) {
      const before = [...all].find(w => w.list === list && w.id === id && w.rev === rev)
      if (before) all.delete(before)
      send({ list, id, text, rev: newID(), seen: [...before?.seen || [], rev], fresh: before?.fresh })
    },

    /** What nobody has confirmed or refused yet. */
    waiting: () => [...all].filter(w => !w.why),

    /** What was refused, the first one in front. */
    refused: () => [...all].filter(w => w.why),

    /** What was refused is typed anew. @param {Words} w @param {string} text */
    retype(w, text) {
      w.text = text
      keep()
    },

    /**
     * What was refused shall be all the same: in the place of what is there now, or else as a new item of a list.
     *
     * @param {Words} w
     * @param {Text | undefined} now
     * @param {string} list
     */
    insist(w, now, list) {
      all.delete(w)
      if (now) send({ list: w.list, id: w.id, text: w.text, rev: newID(), seen: [now.rev] })
      else add(list, newID(), w.text)
    },

    /** What was refused is let go. @param {Words} w */
    drop(w) {
      all.delete(w)
      update()
    },

    /** Says what the tab's last page had not heard of: lists first, since what is in them needs them. To be called once. */
    resume() {
      const waiting = [...all].filter(w => !w.why)
      for (const w of waiting.sort((a, b) => +!!a.id - +!!b.id)) send(w, true)
    }
  }
}
