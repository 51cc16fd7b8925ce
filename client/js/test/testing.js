// @ts-check
// Tests services' client halves under node --test: the real client, and in the place of a transport and its instances a script.
import { after } from 'node:test'
import { join } from 'sojourn-client/app'
import { connect } from 'sojourn-client/core'
/** @typedef {import('../src/transport.js').Link} Link */
/** @typedef {import('../types/app.js').Codec} Codec */
/** @typedef {import('../types/testing.js').Server} Server */

const { setImmediate } = globalThis // as it is before a test stops the time

/** A payload as it stands in a frame. @param {any} value @param {Codec} [codec] */
const write = (value, codec) => {
  if (value === undefined) return ''
  if (codec) value = codec.encode(value)
  return value instanceof Uint8Array ? '*' + Buffer.from(value).toString('base64') : '|' + JSON.stringify(value)
}

/** @param {string} payload @param {Codec} [codec] @returns {any} */
const read = (payload, codec) => {
  if (!payload) return undefined
  const value = payload[0] === '*' ? new Uint8Array(Buffer.from(payload.slice(1), 'base64')) : JSON.parse(payload.slice(1))
  return codec ? codec.decode(value) : value
}

/** @param {any} error as the instance would say it */
const failure = error => write({ code: error?.code || 'internal', message: error?.message || '' })

/**
 * All instances there are, and their store. What goes down waits while there is no connection.
 *
 * @implements {Server}
 */
class Instances {
  /** @type {Link | undefined} */
  #link
  /** @type {string[]} that wait for a connection */
  #down = []
  #own = 0
  #taken = 0
  #done = 0
  #turns = Promise.resolve()
  #running = 0
  /** @type {Map<string, (value: any) => any>} */
  #methods = new Map()
  /** @type {Map<string, { codec: Codec | undefined, yes: (value: any) => void, no: (error: Error) => void }>} */
  #questions = new Map()
  /** @type {Map<string, { name: string, id: string, entries: any[], value?: any, followed?: boolean }>} */
  #topics = new Map()
  /** @type {Record<string, any>} */
  #halves

  /** @type {import('../src/transport.js').Transport} */
  #transport = {
    name: 'testing',
    open: link => {
      link.hello()
      queueMicrotask(() => {
        if (link.signal.aborted) return
        this.#link = link
        const hello = { id: 'socket', in: this.#done, at: this.#own, hb: 25, ttl: 120 }
        this.#say('h' + JSON.stringify(hello), ...this.#down.splice(0))
      })
      link.signal.addEventListener('abort', () => { if (link === this.#link) this.#link = undefined })
      return { send: lines => { for (const line of lines.split('\n')) this.#hear(line) } }
    }
  }

  /** @param {Record<string, any>} halves @param {object} [options] */
  constructor(halves, options) {
    this.#halves = halves
    this.rt = connect('http://server/rt', { reconnect: { min: 1, max: 1 }, ...options, transports: [this.#transport] })
  }

  /** @param {string} path @param {(value: any) => any} method */
  on = (path, method) => { this.#methods.set(path, method) }

  /** @param {string} path @param {any} [value] */
  tell = (path, value) => {
    this.#entry('e', path + write(value, this.#codec(path)))
    return this.idle()
  }

  /** @param {string} path @param {any} [value] */
  ask = (path, value) => new Promise((yes, no) => {
    const codec = this.#codec(path)
    const id = 'q' + (this.#own + 1)
    this.#questions.set(id, { codec, yes, no })
    this.#entry('q', `${id},${path}${write(value, codec)}`)
  })

  /** @param {string} name @param {any} value */
  publish = (name, value) => {
    const topic = this.#topic(name)
    topic.entries.push(value)
    if (topic.followed) this.#publish(topic, topic.entries.length)
    return this.idle()
  }

  /** @param {string} name @param {any} value */
  state = (name, value) => {
    const topic = this.#topic(name)
    topic.entries.push(undefined)
    topic.value = value
    if (topic.followed) this.#snapshot(topic)
    return this.idle()
  }

  cut = () => {
    this.#link?.closed() // which aborts it
    return this.idle()
  }

  idle = async () => {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise(resolve => setImmediate(resolve))
      if (this.rt.status === 'close') return
      if (!this.#link || this.#down[0] || this.#running) quiet = -1
    }
  }

  /** @param {string} path @returns {Codec | undefined} */
  #codec = path => this.#halves[path.split('.')[0]]?.codec

  /** @param {string} name */
  #topic = name => {
    const topic = this.#topics.get(name) || { name, id: this.#topics.size.toString(36), entries: [] }
    this.#topics.set(name, topic)
    return topic
  }

  /** @param {string[]} lines */
  #say = (...lines) => {
    if (this.#link) this.#link.frames(lines.join('\n'))
    else this.#down.push(...lines)
  }

  /** An entry of the socket's own stream. @param {string} kind @param {string} rest */
  #entry = (kind, rest) => this.#say(`${kind}${++this.#own}.a,${rest}`)

  /** @param {{ id: string, entries: any[] }} topic @param {number} n */
  #publish = ({ id, entries }, n) => this.#say(`t${id},${n}.a${write(entries[n - 1])}`)

  /** @param {{ id: string, entries: any[], value?: any }} topic */
  #snapshot = ({ id, entries, value }) => this.#say(`n${id},${entries.length}.a${write(value)}`)

  /** @param {string} line */
  #hear = line => {
    const [, kind, header, payload] = /** @type {string[]} */ (/^(.)([^|*]*)([^]*)/.exec(line))
    const [n, target] = header.split(',')
    if (kind === 'W') {
      this.#running++
      this.#run(target, payload).then(answer => `v${n}${answer}`, error => `y${n}${failure(error)}`).then(line => {
        this.#running--
        this.#say(line)
      })
    }
    if (!/[CRXSUB]/.test(kind) || +n <= this.#taken) return
    this.#taken = +n
    this.#running++
    this.#turns = this.#turns.then(async () => { // one after the other, as an instance does
      try {
        const answer = await this.#handle(kind, target, payload)
        if (answer) this.#entry('r', n + answer)
      } catch (error) {
        this.#entry('x', n + failure(error))
      }
      this.#done = +n
      if (this.#link) this.#say(`a${n},${this.#own}`) // else the hello says so
      this.#running--
    })
  }

  /** @param {string} kind @param {string} target @param {string} payload */
  #handle = (kind, target, payload) => {
    if (kind === 'C') return this.#run(target, payload)
    if (kind === 'S') this.#follow(this.#topic(target))
    if (kind === 'U') {
      const topic = this.#topic(target)
      topic.followed = false
      this.#entry('u', topic.id)
    }
    const question = this.#questions.get(target)
    if (kind === 'R') question?.yes(read(payload, question.codec))
    if (kind === 'X') {
      const { code, message } = read(payload)
      question?.no(Object.assign(new Error(message), { code }))
    }
  }

  /** Runs what the test says that a method does, and returns the answer as payload. @param {string} path @param {string} payload */
  #run = async (path, payload) => {
    const method = this.#methods.get(path)
    if (!method) throw Object.assign(new Error(`no method ${path} here: the test says by server.on what it does`), { code: 'not_found' })
    const codec = this.#codec(path)
    return write(await method(read(payload, codec)), codec)
  }

  /** @param {{ name: string, id: string, entries: any[], value?: any, followed?: boolean }} topic */
  #follow = topic => {
    topic.followed = true
    this.#entry('s', `${topic.name},${topic.id},0.a`)
    if ('value' in topic) this.#snapshot(topic)
    else topic.entries.forEach((_, i) => this.#publish(topic, i + 1))
  }
}

/**
 * Joins client halves to a client of a scripted server: see types/testing.d.ts.
 *
 * @param {Record<string, any>} halves
 * @param {any} [options]
 * @returns {any}
 */
export const harness = (halves, options) => {
  const server = new Instances(halves, options)
  after(() => server.rt.close())
  return { app: join(server.rt, halves, options), server }
}
