// The fake instance that the tests script, over the mock transport.
import assert from 'node:assert/strict'
import { mock as fakes } from 'node:test'

/** The built client, if SOJOURN_BUILT is set: what is tested is then what pages get. */
const built = process.env.SOJOURN_BUILT
export const { connect: connectWith } = await import(built ? './built.js' : '../src/client.js')
export const { join, discover, mock, ws, sse, longpoll, engineio, sockjs } = await import(built ? './built.js' : './sources.js')

/** Lets everything happen that is to happen without time passing. */
export const settle = async () => {
  for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
}

/** Time, from now on, passes only by pass. */
export const stopTime = () => {
  fakes.timers.enable({ apis: ['setTimeout'] })
  fakes.method(Math, 'random', () => 0.5)
}

/** Lets time pass, in steps: a timer that is set in a step counts from the end of it. @param {number} ms @param {number} [step] */
export const pass = async (ms, step = 250) => {
  for (; ms > 0; ms -= step) {
    await settle()
    fakes.timers.tick(Math.min(ms, step))
  }
  await settle()
}

/** Undoes what a test did to the world. */
export const restore = () => {
  fakes.timers.reset()
  fakes.restoreAll()
}

/** What an instance says first. */
export const hello = (more = {}) => 'h' + JSON.stringify({ id: 'socket', in: 0, at: 0, hb: 25, ttl: 120, ...more })

/** A client, and the statuses it has shown. */
export const start = (options = {}, ...transports) => {
  if (!transports.length) transports = [mock()]
  const rt = connectWith('http://instance/rt', options, transports)
  const shown = []
  rt.on('status', s => shown.push(s))
  return { rt, t: transports[0], shown }
}

/** A client whose hello was answered. */
export const open = async (options, ...transports) => {
  const all = start(options, ...transports)
  await settle()
  const wire = all.t.connections[0]
  wire.down(hello())
  await settle()
  return { ...all, wire }
}

/** What came up since the last look, without the hello. */
export const said = wire => wire.up.splice(1)

/** The hello that a connection began with. */
export const helloOf = wire => JSON.parse(wire.up[0].slice(1))

/** What became of a promise so far. */
export const fate = promise => {
  const f = { state: 'pending' }
  promise.then(value => Object.assign(f, { state: 'done', value }), e => Object.assign(f, { state: 'failed', code: e.code, message: e.message }))
  return f
}

/** What became of a promise that is refused at once. @param {Promise<any>} promise */
export const refused = async promise => {
  const f = fate(promise)
  await settle()
  return f
}

/** @param {{state: string, value?: any}} f @param {any} [value] */
export const wantDone = (f, value) => assert.deepEqual(f, { state: 'done', value })

/** @param {{state: string, code?: string}} f @param {string} code */
export const wantFailed = (f, code) => assert.equal(f.state + ' ' + f.code, 'failed ' + code)
