// A program that uses all that the package has, type-checked by its tests.
import { connect, type Client, type Connection, type Failure, type Link, type Options, type Status, type Transport } from 'sojourn-client'
import { connect as connectCore } from 'sojourn-client/core'
import { join, type App, type Connect, type Half, type Kit, type Log, type Module } from 'sojourn-client/app'
import { discover, type Description } from 'sojourn-client/discover'
import { ws } from 'sojourn-client/ws'
import { sse } from 'sojourn-client/sse'
import { longpoll } from 'sojourn-client/longpoll'
import { engineio, type EngineIOSocket } from 'sojourn-client/engineio'
import { sockjs, type SockJSSocket } from 'sojourn-client/sockjs'
import { mock, type MockConnection } from 'sojourn-client/mock'

const options: Options = {
  auth: async () => (await fetch('/token')).text(),
  build: 'b1',
  credentials: 'include',
  maxFrame: 1000,
  maxQueue: 10,
  reconnect: { min: 1, max: 2, attempts: 3 },
  transports: ['ws', sse],
  WebSocket
}
connect('/rt', { auth: 'token' })
connect('/rt', { auth: () => undefined })
const rt: Client = connect('/rt', options)

rt.on('status', (status: Status, more) => { if (status === 'close') console.log(more?.code, more?.why) })
rt.on('close', ({ code, why }) => console.log(code, why))
rt.on('ready', () => {})
rt.on('transport', name => console.log(name.toUpperCase()))
rt.on('lost', ({ stream, why }) => console.log(stream, why))
rt.on('error', (error: Failure) => console.log(error.code, error.stream))()

const chat = rt.service('chat', { notice: (text: string) => console.log(text), confirm: async () => true })
const signal = AbortSignal.timeout(1000)
await chat.say({ Room: 'lobby' }, { signal, timeout: 1000 })
chat.volatile.typing()
const off: () => void = rt.topic('room/lobby').on(entry => console.log(entry))
rt.state('people/lobby').on(off)
rt.use('sse')
rt.use()
rt.close()
const known: string | undefined = rt.transport

const memory = mock({ name: 'memory', up: false, opened: (c: MockConnection) => c.down('p') })
memory.connections[0].cut()
connectCore('/rt', { transports: [ws, sse, longpoll, memory], auth: known })

declare const Engine: new (uri?: string, options?: { path?: string }) => EngineIOSocket
declare const SockJS: new (url: string, reserved?: null, options?: { transports?: string[] }) => SockJSSocket
connectCore('/rt', { transports: [engineio(Engine), engineio(Engine, { transports: ['polling'] }), sockjs(SockJS), sockjs(SockJS, { transports: ['xhr-polling'] })] })

export const mine: Transport = {
  name: 'mine',
  open(link: Link): Connection {
    link.signal.addEventListener('abort', link.closed)
    link.post('mine', link.hello()).then(async response => link.frames(await response.text()))
    return { send: lines => { console.log(lines) } }
  }
}

interface Chat {
  say(line: string, options?: { timeout?: number }): Promise<boolean>
  volatile: { typing(): Promise<void> }
}
const typed: Half<{ say(line: string): Promise<boolean> }, Chat> = ({ name, server, handle, topic, state, log }: Kit<Chat>) => {
  handle({ notice: (text: string) => log.info(text, { name }), confirm: async () => true })
  topic('room/lobby').on(console.log)
  state('people/lobby').on(console.log)
  server.volatile.typing()
  return { say: line => server.say(line, { timeout: 1000 }) }
}
const packed: Module<number> = {
  default: ({ server }) => { server.volatile.any(); return 7 },
  codec: { encode: value => new TextEncoder().encode(`${value}`), decode: bytes => bytes.length }
}
const silent: Half<void, Chat> = ({ handle }) => handle({})
const log: Log = (level, message, fields) => console[level](message, fields)
const app = join(rt, { chat: typed, files: packed, silent, todo: null }, { log })
const said: boolean = await app.chat.say('hello')
const files: number = app.files
const answered: boolean = await app.silent.say('hello')
await app.todo.add('milk')
app.rt.close()
const served: Connect<{ chat: typeof typed }> = () => Object.assign(app, { rt: Object.assign(rt, { discover: () => discover(rt) }) })
export const whole: App<{ chat: typeof typed }> = served({ auth: 'token', log })
console.log(said, files, answered)
const { services }: Description = await discover(rt)
console.log(services.flatMap(s => s.methods?.map(m => s.name + '.' + m.name + (m.in ?? ''))))

// What must not pass.
// @ts-expect-error: the half does not return it
app.chat.typing()
// @ts-expect-error: that is the client's name
join(rt, { rt: typed })
// @ts-expect-error: a transport that is not imported has no name in the core
connectCore('/rt', { transports: ['ws'] })
// @ts-expect-error
connect('/rt', { auth: 7 })
// @ts-expect-error
rt.on('nothing', () => {})
// @ts-expect-error
rt.id = 'other'
