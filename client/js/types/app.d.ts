import type { Client, Options, Service } from '../client.js'
import type { Description } from './discover.js'

export type * from '../client.js'

/**
 * Joins services' client halves to a client: what each returns is then the app's, by the service's name.
 *
 *     import { connect } from 'sojourn-client'
 *     import { join } from 'sojourn-client/app'
 *     import * as chat from './chat/client.js'
 *
 *     const app = join(connect('/rt'), { chat, todo: null })
 *     app.chat.say('hello') // what the half returned
 *     app.todo.add('milk') // there is none: the instance's half
 *     app.rt.close()
 *
 * A server with services that have files serves all of this as one module: `import { connect } from '/rt/app.js'`, of type Connect.
 */
export function join<H extends Halves>(rt: Client, halves: H, options?: JoinOptions): App<H>

/** Client halves by their services' names: a module, or what it exports as default; null for a service that has none. */
export type Halves = { [service: string]: Half<any, any> | Module<any, any> | null } & { rt?: never }

/** The client, and what each service's half returned; without a half, or if it returned nothing, the instance's half. */
export type App<H> = { rt: Client } & { [S in keyof H as S extends 'rt' ? never : S]: Returned<H[S]> }

type Returned<H> = H extends Half<infer A, infer S> ? A extends void | undefined | null ? S : A
  : H extends Module<infer A, infer S> ? A extends void | undefined | null ? S : A
  : Service

/** A service's client half. It runs once for each client. S is the instance's half, if its methods have types. */
export type Half<A = unknown, S = Service> = (kit: Kit<S>) => A

/** A service's client half as a file. */
export interface Module<A = unknown, S = Service> {
  /** The half. */
  default: Half<A, S>
  /** How the service's payloads are written, if not as JSON: the other end of the Codec of the Service in Go. */
  codec?: Codec
}

/** Writes and reads payloads. undefined is no payload, and not given to it. */
export interface Codec {
  /** Writes what the Codec in Go unmarshals. */
  encode(value: any): Uint8Array
  /** Reads what the Codec in Go marshalled. */
  decode(payload: Uint8Array): any
}

/** What a client half is given. */
export interface Kit<S = Service> {
  /** The service's name. */
  name: string
  /** The instance's half, as rt.service(name) has it, with the codec applied: server.say(...), server.volatile.typing(). */
  server: S
  /** Says what the instance may call: events, and questions, whose answer is what the method returns or promises. A later call replaces the earlier one. */
  handle(methods: object): void
  /** The client, rt, and its topic and state. */
  topic: Client['topic']
  state: Client['state']
  rt: Client
  /** For what the half has to say. */
  log: HalfLog
}

/** Logs to JoinOptions.log, with the service's name beside the fields; to the console if there is none. */
export type HalfLog = { [L in Level]: (message: string, fields?: object) => void }

/** How much an entry of a log matters. */
export type Level = 'debug' | 'info' | 'warn' | 'error'

/**
 * Takes entries of a log. Those of the app itself have these messages and fields, beside socket, the socket's id:
 *
 * - status: status; of close also code and why;
 * - transport: transport;
 * - lost: stream, why;
 * - error: code, stream, and error, which is what was thrown, as it is. They do not go to the console then;
 * - call, called: service, method, volatile, ms, and the code if it failed: what this page called of the instance, what the instance called here.
 *
 * None has payloads, tokens or keys. What it throws goes to the console.
 */
export type Log = (level: Level, message: string, fields: { [field: string]: unknown }) => void

/** Options of join, and of an app.js's connect. */
export interface JoinOptions {
  /** Where everything that matters is told. Default: nowhere. */
  log?: Log
}

/** What a server's app.js exports as connect: the mount is where it was loaded from. Its client can ask for what there is, where the server tells (Config.Discover). */
export type Connect<H = { [service: string]: Half<any> }> = (options?: Options & JoinOptions) => App<H> & { rt: { discover?(): Promise<Description> } }
