// @ts-check
// What e2e/demo counts, in a corner of the page; and the page's answers to its questions. A chat without -demo never calls watch.

import { $, make } from './line.js'

const rows = /** @type {const} */ (['sent', 'seen', 'missing', 'repeated', 'asked', 'answered', 'kills'])

/** @param {import('../types').Rt} rt */
export const watch = rt => {
  const corner = $('#demo')

  /** @param {import('../types').Stats | undefined} stats */
  const show = stats => {
    if (!stats) return
    const list = make('dl')
    for (const row of rows) {
      list.append(make('dt', '', row), make('dd', /missing|repeated/.test(row) && stats[row] ? 'bad' : '', String(stats[row])))
    }
    corner.replaceChildren(list)
    corner.hidden = false
  }

  let off = () => {}
  rt.service('demo', {
    watch() {
      document.body.dataset.socket = rt.id
      off() // that was as another socket
      off = rt.state('demo/stats').on(show)
    },
    confirm: n => n
  })
}
