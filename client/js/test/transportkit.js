// What a transport's JavaScript half does, as tests: each one's failure is the rule that was broken. It is for transports of your own, too:
//
//   import { run } from 'sojourn-client/transportkit'
//   import { mine } from './mine.js'
//
//   run({ transport: mine, kind: 'stream', write: frames => frames.map(f => f + '\n').join('') })
//
// in a file that node --test runs. The server's half has a kit of its own, the Go package transports/transporttest.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from '../dist/client.js'
import { serve } from './fakeserver.js'
import { Socket } from './websocket.js'

/** @typedef {import('../types/transportkit.js').Subject} Subject what is tested */

const hello = (more = {}) => 'h' + JSON.stringify({ id: 'socket', in: 0, at: 0, hb: 0, ttl: 120, ...more })

/** Frames with all that could be taken for something else: what ends lines elsewhere, names of fields, characters of up to four bytes. */
export const frames = [
  hello(),
  'e1.aaaaa,chat.notice|"grüße 👋 \u2028\u2029\u0085"',
  'p',
  't3a,902.eeeee*aGk=',
  'e2.bbbbb,chat.notice|"data: e3.ccccc,chat.notice|1"',
  't3a,|"  two spaces  "',
  'a57,12',
  'e3.ddddd,chat.notice'
]

/** A promise, and what settles it. */
const later = () => {
  /** @type {any} */
  const l = {}
  l.promise = new Promise(resolve => { l.resolve = resolve })
  return l
}

/** Lets everything happen that needs no more than a moment. */
const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

const page = '<!doctype html>\n<html>\n<head><title>Sign in</title></head>\nhere is the network\nzone: guests\n<p>Welcome</p>\n</html>\n'

/**
 * Opens a connection by hand. What comes of it: the frames that it has given, and whether they came after its end.
 *
 * @param {import('node:test').TestContext} t
 * @param {Subject} subject
 * @param {string} url
 * @param {(path: string, body: string) => Promise<Response>} [post] default: a request
 */
const open = (t, { transport }, url, post) => {
  const abort = new AbortController()
  const ended = later()
  const bench = {
    /** @type {string[]} */
    given: [],
    /** @type {string[]} */
    hellos: [],
    tooLate: false,
    ends: false,
    ended: ended.promise,
    abort: () => abort.abort(),
    /** @type {any} */
    connection: undefined,
    /** @type {(() => void)[]} */
    waiting: [],
    /** Waits until so many frames were given, or it has ended. @param {number} n */
    async until(n) {
      while (bench.given.length < n && !bench.ends) await new Promise(resolve => bench.waiting.push(() => resolve(undefined)))
    }
  }
  const wake = () => bench.waiting.splice(0).forEach(f => f())
  const end = () => {
    bench.ends = true
    ended.resolve()
    wake()
  }
  t.after(() => abort.abort())
  try {
    bench.connection = transport.open({
      url,
      options: { WebSocket: globalThis.WebSocket ?? Socket },
      hello() {
        bench.hellos.push('H' + JSON.stringify({ v: 1, key: 'AAAAAAAAAAAAAAAAAAAAAA', c: bench.hellos.length + 1 }))
        return bench.hellos[bench.hellos.length - 1]
      },
      frames(text) {
        assert.equal(typeof text, 'string', 'frames are given as text')
        bench.tooLate ||= bench.ends || abort.signal.aborted
        bench.given.push(...text.split(/\r?\n/).filter(line => line))
        wake()
      },
      closed: end,
      signal: abort.signal,
      post: post ?? ((path, body) => fetch(`${url}/${path}`, { method: 'POST', body, signal: abort.signal }))
    })
    bench.connection.then?.(end, end)
  } catch {
    end()
  }
  return bench
}

/** A script that gives the test each exchange in turn, a WebSocket accepted and with its hello read. */
const turns = () => {
  /** @type {any[]} */
  const all = []
  /** @type {any[]} */
  const waiting = []
  return {
    all,
    /** @param {any} exchange */
    async script(exchange) {
      if (exchange.accept) {
        exchange.accept()
        exchange.body = await exchange.next()
      }
      all.push(exchange)
      waiting.shift()?.(exchange)
    },
    /** @param {number} n */
    nth: async n => {
      while (all.length <= n) await new Promise(resolve => waiting.push(resolve))
      return all[n]
    }
  }
}

/** Says frames on an exchange, by which more can follow unless it is a poll's. @param {Subject} subject @param {any} exchange @param {string[]} lines */
const say = ({ kind, write }, exchange, lines) => {
  if (kind === 'socket') exchange.send(write(lines))
  else if (kind === 'stream') exchange.write(write(lines))
  else exchange.answer(write(lines))
}

/** Says frames as the last ones. @param {Subject} subject @param {any} exchange @param {string[]} lines */
const sayLast = (subject, exchange, lines) => {
  say(subject, exchange, lines)
  if (subject.kind !== 'poll') exchange.end()
}

/** A response whose body comes in these chunks. @param {Uint8Array[]} chunks */
const chunked = chunks => new Response(new ReadableStream({
  start(controller) {
    for (const chunk of chunks) controller.enqueue(chunk)
    controller.close()
  }
}))

/** All ways to cut bytes in two, and into single ones. @param {Uint8Array} bytes */
const cuts = bytes => [
  ...Array.from(bytes, (_, at) => [bytes.slice(0, at), bytes.slice(at)]).slice(1),
  Array.from(bytes, b => Uint8Array.of(b))
]

/**
 * Checks that bytes, however they are cut, are the same frames. It is one of the checks of run, for lines of the caller's.
 *
 * @param {import('node:test').TestContext} t
 * @param {Subject} subject
 * @param {string[]} lines the first must be a hello
 */
export const cutAnywhere = async (t, subject, lines) => {
  const all = cuts(new TextEncoder().encode(subject.write(lines)))
  let bench
  if (subject.kind === 'socket') {
    const { script, nth } = turns()
    bench = open(t, subject, await serve(t, script))
    const exchange = await nth(0)
    for (const parts of all) exchange.sendParts(parts)
    exchange.end()
  } else {
    const answers = (subject.kind === 'poll' ? all : [all.flat()]).map(chunked)
    bench = open(t, subject, 'http://instance/rt', async () => answers.shift() ?? new Response('', { status: 503 }))
  }
  await bench.ended
  for (const parts of all) assert.deepEqual(bench.given.splice(0, lines.length), lines, `cut after ${parts[0].length} bytes, frames are others`)
  assert.deepEqual(bench.given, [])
}

/** @type {Record<string, (t: import('node:test').TestContext, subject: Subject) => Promise<void>>} */
const checks = {
  async 'says its hello first, and a new one for each connection'(t, subject) {
    const { script, nth, all } = turns()
    const url = await serve(t, script)
    const [one, two] = [open(t, subject, url), open(t, subject, url)]
    await nth(1)
    await settle()
    assert.equal(all.length, 2, 'there was another request before the first was answered')
    assert.deepEqual([one.hellos.length, two.hellos.length], [1, 1], 'a hello was made that was not needed')
    assert.deepEqual(all.map(exchange => exchange.body), [one.hellos[0], two.hellos[0]], 'the first line was not the hello')
  },

  async 'gives frames in their order, as they come'(t, subject) {
    const { script, nth } = turns()
    const bench = open(t, subject, await serve(t, script))
    /** @type {string[]} */
    const said = []
    for (let i = 0; i < 20; i++) {
      const lines = [...subject.kind === 'poll' || !i ? [hello()] : [], ...Array.from({ length: i }, (_, n) => `e${said.length + n}.aaaaa,kit.n|${i}`)]
      const exchange = await nth(subject.kind === 'poll' ? i : 0)
      if (lines[0]) say(subject, exchange, lines)
      said.push(...lines)
      await bench.until(said.length)
      assert.deepEqual(bench.given, said, 'frames are missing, or in another order')
    }
    assert.equal(bench.ends, false, 'the end was told of a connection that lasts')
  },

  async 'gives the same frames wherever the bytes are cut'(t, subject) {
    await cutAnywhere(t, subject, frames)
  },

  async 'gives no half of a frame'(t, subject) {
    const { script, nth } = turns()
    const bench = open(t, subject, await serve(t, script))
    const exchange = await nth(0)
    const last = 'z4002,,half'
    const bytes = Buffer.from(subject.write([hello(), last]))
    const half = bytes.subarray(0, bytes.indexOf('half'))
    if (subject.kind === 'socket') exchange.sendParts([half], true)
    if (subject.kind === 'stream') exchange.write(half)
    if (subject.kind === 'poll') exchange.response.writeHead(200, { 'Content-Length': bytes.length }).write(half)
    await settle()
    exchange.cut()
    await bench.ended
    assert.ok(bench.given.every(line => line === hello()), `was given ${bench.given}`)
  },

  async 'tells the end, after all that was said before'(t, subject) {
    const { script, nth, all } = turns()
    const bench = open(t, subject, await serve(t, script))
    const last = ['e1.aaaaa,kit.last', 'z4000,,']
    if (subject.kind === 'poll') {
      say(subject, await nth(0), [hello()])
      ;(await nth(1)).answer(subject.write(last)) // without a hello: there is nothing to poll any more
    } else {
      sayLast(subject, await nth(0), [hello(), ...last])
    }
    await bench.ended
    await settle()
    assert.deepEqual(bench.given, [hello(), ...last])
    assert.equal(bench.tooLate, false, 'something was given after the end')
    assert.equal(all.length, subject.kind === 'poll' ? 2 : 1, 'it connected again by itself: that is for the client to do')
  },

  async 'tells the end of a connection that broke'(t, subject) {
    const { script, nth, all } = turns()
    const bench = open(t, subject, await serve(t, script))
    const first = await nth(0)
    if (subject.kind !== 'poll') {
      say(subject, first, [hello()])
      await bench.until(1)
    }
    first.cut()
    await bench.ended
    await settle()
    assert.equal(all.length, 1, 'it connected again by itself: that is for the client to do')
  },

  async 'tells the end where nobody listens'(t, subject) {
    await open(t, subject, 'http://127.0.0.1:1/rt').ended
  },

  async 'ends the connection when it is aborted, and gives nothing more'(t, subject) {
    const { script, nth, all } = turns()
    const bench = open(t, subject, await serve(t, script))
    say(subject, await nth(0), [hello()])
    await bench.until(1)
    const exchange = subject.kind === 'poll' ? await nth(1) : all[0]
    bench.abort()
    if (subject.kind !== 'poll') say(subject, exchange, ['e1.aaaaa,kit.late'])
    await exchange.gone
    await settle()
    assert.equal(bench.tooLate, false, 'something was given after the abort')
    assert.equal(all.length, subject.kind === 'poll' ? 2 : 1, 'it went on after the abort')
  },

  async 'may be aborted before there is a connection'(t, subject) {
    const { script, all } = turns()
    const bench = open(t, subject, await serve(t, script))
    bench.abort()
    await settle()
    for (const exchange of all) await exchange.gone
    assert.deepEqual(bench.given, [])
  },

  async 'gives the reason of a refusal'(t, subject) {
    const reason = 'z4006,,the store cannot be reached'
    const bench = open(t, subject, await serve(t, exchange => {
      if (!exchange.accept) return exchange.answer(reason + '\n', 503)
      exchange.accept()
      exchange.next().then(() => {
        exchange.send(subject.write([reason]))
        exchange.end(4006)
      })
    }))
    await bench.ended
    assert.deepEqual(bench.given, [reason])
    assert.equal(bench.hellos.length, 1, 'it asked again by itself: that is for the client to do')
  },

  async 'does not take a page for an instance'(t, subject) {
    for (const status of [200, 302, 403, 502]) {
      let asked = 0
      const bench = open(t, subject, await serve(t, exchange => {
        asked++
        exchange.answer(page, status, { 'Content-Type': 'text/html' })
      }))
      await bench.ended
      await settle()
      assert.equal(asked, 1, `status ${status}: it asked again`)
      assert.ok(!bench.given.some(line => line.startsWith('h{')), 'a hello was given that nobody said')
    }
  },

  async 'keeps connections apart'(t, subject) {
    const { script, nth } = turns()
    const url = await serve(t, script)
    const one = open(t, subject, url)
    const first = await nth(0)
    const two = open(t, subject, url)
    const second = await nth(1)
    say(subject, second, [hello(), 'e1.bbbbb,kit.two'])
    say(subject, first, [hello(), 'e1.aaaaa,kit.one'])
    await one.until(2)
    await two.until(2)
    assert.deepEqual([one.given, two.given], [[hello(), 'e1.aaaaa,kit.one'], [hello(), 'e1.bbbbb,kit.two']])
  },

  async 'carries a conversation'(t, subject) {
    const { script, nth } = turns()
    const posted = later()
    const url = await serve(t, exchange => exchange.path === 'up' ? posted.resolve(exchange) : script(exchange))
    const rt = connect(url, { transports: [subject.transport], WebSocket: globalThis.WebSocket ?? Socket })
    t.after(() => rt.close())
    const heard = later()
    const sum = rt.service('chat', { notice: heard.resolve }).sum([1, 2])
    const first = await nth(0)
    say(subject, first, [hello({ hb: subject.kind === 'poll' ? 0 : 25 })])
    const answers = ['e1.aaaaa,chat.notice|"grüße"', 'r2.bbbbb,1|3']
    if (subject.kind === 'socket') {
      assert.equal(await first.next(), 'C1,chat.sum|[1,2]')
      say(subject, first, answers)
    } else {
      const up = await posted.promise
      assert.match(up.body, /^K[\w-]{22},,0\nC1,chat\.sum\|\[1,2\]$/)
      if (subject.kind === 'poll') say(subject, await nth(1), [hello({ in: 1, at: 2 }), ...answers])
      else say(subject, first, answers)
      up.answer('a1,2\n')
    }
    assert.equal(await sum, 3)
    assert.equal(await heard.promise, 'grüße')
    const open = subject.kind === 'poll' ? await nth(2) : first
    rt.close()
    await open.gone
  }
}

/** Beside those, of one kind. @type {Record<string, typeof checks>} */
const checksOf = {
  poll: {
    async 'polls again, each time with a new hello'(t, subject) {
      const { script, nth, all } = turns()
      const bench = open(t, subject, await serve(t, script))
      for (let i = 0; i < 5; i++) say(subject, await nth(i), [hello()])
      await nth(5)
      assert.deepEqual(all.map(exchange => exchange.body), bench.hellos)
      assert.equal(new Set(bench.hellos).size, 6, 'a hello was said twice')
    }
  },
  socket: {
    async 'carries up what it is given, in order'(t, subject) {
      const { script, nth } = turns()
      const bench = open(t, subject, await serve(t, script))
      const exchange = await nth(0)
      say(subject, exchange, [hello()])
      await bench.until(1)
      const lines = Array.from({ length: 50 }, (_, i) => `C${i + 1},kit.n|"ü${i}"`)
      bench.connection.send(lines.slice(0, 20).join('\n'))
      for (const line of lines.slice(20)) bench.connection.send(line)
      /** @type {string[]} */
      const got = []
      while (got.length < lines.length) got.push(...(await exchange.next()).split('\n'))
      assert.deepEqual(got, lines)
    }
  }
}

/** Tests a transport: to be called in a file that node --test runs. @param {Subject} subject */
export const run = subject => {
  describe(`the transport ${subject.transport.name}`, () => {
    for (const [rule, check] of Object.entries({ ...checks, ...checksOf[subject.kind] })) test(rule, { timeout: 20_000 }, t => check(t, subject))
  })
}
