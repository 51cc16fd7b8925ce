// Pages that are told what TestComposedPatchesInAPage composed, each from one of the versions on.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open } from '../../client/js/harness/index.js'

const histories = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { rt, wire } = await open()
let own = 0
for (const { states, composed } of histories) {
  states.forEach((state, from) => {
    const name = `state/${++own}`
    let has
    rt.state(name).on(value => { has = value })
    wire.down(`s${own}.aaaaa,${name},${own},0.`, `n${own},${from}.t|${JSON.stringify(state)}`)
    for (const { at, patch } of composed) {
      wire.down(`t${own},${at}.t${patch}`)
      if (from === 0) assert.deepEqual(has, states[at])
    }
    assert.deepEqual(has, states.at(-1))
  })
}
rt.close()
