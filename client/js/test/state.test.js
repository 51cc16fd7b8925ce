// What a page has of a state is what the instance had at that version, whatever comes between. The model has the versions themselves, and no patches: those
// are what tells one version from another.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { hello, helloOf, open, pass, restore, settle, stopTime } from '../harness/index.js'

beforeEach(stopTime)
afterEach(restore)

for (let seed = 1; seed <= 40; seed++) {
  test(`a state is what it was at each version: seed ${seed}`, async () => {
    const page = await new Page(dice(seed)).begin()
    for (let i = 0; i < 60; i++) await page.step()
    assert.deepEqual(page.errors, [])
  })
}

/** Numbers below n, the same ones for a seed: mulberry32. @param {number} seed @returns {(n: number) => number} */
const dice = seed => n => {
  seed = seed + 0x6D2B79F5 | 0
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
  return Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * n)
}

/** @param {any} v */
const isObject = v => typeof v === 'object' && v !== null && !Array.isArray(v)

const names = ['a', 'b', '', '__proto__', 'constructor']

/** A value that JSON has, often near the one before: members are never null, since no patch can say so. */
const next = (roll, was, depth = 0) => {
  if (depth > 3 || roll(4) === 0) {
    const leaf = roll(6)
    return leaf === 0 ? depth ? [null] : null : [roll(3), 'text', true, [roll(2)], [{ a: roll(2) }]][leaf - 1]
  }
  const members = new Map(isObject(was) && roll(5) ? Object.entries(was) : [])
  for (let n = roll(3); n >= 0; n--) {
    const name = names[roll(names.length)]
    if (roll(3) === 0) members.delete(name)
    else members.set(name, next(roll, members.get(name), depth + 1))
  }
  return Object.fromEntries(members)
}

/** A merge patch that makes one value of another; what it need not say it says now and then. */
const patch = (roll, from, to) => {
  if (!isObject(to)) return to
  const had = new Map(isObject(from) ? Object.entries(from) : [])
  const all = new Map([...had.keys()].map(name => [name, null]))
  for (const [name, value] of Object.entries(to)) {
    if (isDeepStrictEqual(had.get(name), value) && roll(5)) all.delete(name)
    else all.set(name, patch(roll, had.get(name), value))
  }
  return Object.fromEntries(all)
}

/** Whoever changes it throws. */
const frozen = value => {
  if (Object(value) === value) Object.values(Object.freeze(value)).forEach(frozen)
  return value
}

const payload = value => value === undefined ? '' : '|' + JSON.stringify(value)

class Page {
  /** The instance's versions, whose cursors have their places. */
  versions = [undefined]
  tag = 0
  /** The version that the page was told. */
  told = 0
  /** Frames that it was told. */
  frames = []
  errors = []
  listeners = []

  constructor(roll) {
    this.roll = roll
  }

  async begin() {
    Object.assign(this, await open())
    this.rt.on('error', e => this.errors.push(e.message))
    this.listen()
    await settle()
    this.wire.down('s1.aaaaa,people/1,b,0.', 'a1,1')
    this.snapshot()
    return this
  }

  place(version) {
    return `${version + 1}.t${this.tag}`
  }

  down(frame) {
    this.frames.push(frame)
    this.wire.down(frame)
  }

  snapshot() {
    this.told = this.versions.length - 1
    this.frames = [] // of another history, perhaps
    this.wire.down(`nb,${this.place(this.told)}${payload(this.versions[this.told])}`)
    this.check()
  }

  /** Tells a later version, as one patch. */
  tell(version) {
    const said = patch(this.roll, this.versions[this.told], this.versions[version])
    this.told = version
    this.down(`tb,${this.place(version)}${payload(said)}`)
    this.check()
  }

  listen() {
    const l = { has: undefined, heard: 0 }
    l.off = this.rt.state('people/1').on(value => {
      l.has = frozen(value)
      l.heard++
    })
    this.listeners.push(l)
    return l
  }

  check() {
    for (const l of this.listeners) assert.deepEqual(l.has, this.versions[this.told])
  }

  async step() {
    const { roll, versions } = this
    for (let n = roll(4); n > 0; n--) versions.push(frozen(next(roll, versions.at(-1))))
    switch (roll(12)) {
      case 0: return this.break()
      case 1: return this.snapshot()
      case 2: return this.rewind()
      case 3: return this.repeat()
      case 4: return this.leave()
      case 5: // one that comes later
        this.listen()
        return this.check()
      default: // one by one, or several as one
        while (this.told < versions.length - 1) this.tell(this.told + 1 + roll(Math.min(3, versions.length - 1 - this.told)))
    }
  }

  /** The connection breaks, and the page says what it was told. */
  async break() {
    this.wire.cut()
    await pass(1000)
    this.wire = this.t.connections.at(-1)
    assert.equal(helloOf(this.wire).topics['people/1'], this.place(this.told))
    this.wire.down(hello({ in: 1, at: 1 }))
    await settle()
    assert.equal(this.rt.status, 'ready')
    if (this.roll(2)) this.repeat()
  }

  /** The store has lost some versions. */
  rewind() {
    this.versions.length -= this.roll(this.versions.length)
    this.tag++
    this.snapshot()
  }

  /** What was said before changes nothing. */
  repeat() {
    const before = this.listeners.map(l => l.heard)
    for (const frame of this.frames) if (this.roll(2)) this.wire.down(frame)
    assert.deepEqual(this.listeners.map(l => l.heard), before)
  }

  leave() {
    if (this.listeners.length > 1) this.listeners.shift().off()
  }
}
