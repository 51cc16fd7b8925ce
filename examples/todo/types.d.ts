// What the page can call, and hear of. Written by sojourn; do not edit.

export interface Creating {
  list: string
  name: string
}

export interface ListRef {
  list: string
}

export interface Renaming {
  list: string
  seen: string[] | null
  rev: string
  name: string
}

export interface Adding {
  list: string
  id: string
  text: string
}

export interface Edit {
  list: string
  id: string
  seen: string[] | null
  rev: string
  text: string
}

export interface Move {
  list: string
  id: string
  before: string
}

export interface Removing {
  list: string
  id: string
  rev: string
}

export interface Ref {
  list: string
  id: string
}

export interface Tick {
  list: string
  id: string
  done: boolean
}

export interface List {
  name: string
  rev: string
  made: number /* int64 */
}

export interface Item {
  text: string
  rev: string
  done: boolean
  pos: number
  by: string
  gone?: boolean
  until?: number /* int64 */
}

export interface Person {
  name: string
  since: number /* int64 */
  away?: boolean
}

/** What the services offer, by name. */
export interface Services {
  lists: {
    methods: {
      create(value: Creating, options?: sojourn.CallOptions): Promise<void>
      remove(value: ListRef, options?: sojourn.CallOptions): Promise<void>
      rename(value: Renaming, options?: sojourn.CallOptions): Promise<void>
    }
    volatile: {}
    topics: {}
    states: {
      lists: { [key: string]: List } | null | undefined
    }
    client: { [method: string]: (value: any) => any }
  }
  items: {
    half: true
    methods: {
      add(value: Adding, options?: sojourn.CallOptions): Promise<void>
      edit(value: Edit, options?: sojourn.CallOptions): Promise<void>
      move(value: Move, options?: sojourn.CallOptions): Promise<void>
      remove(value: Removing, options?: sojourn.CallOptions): Promise<void>
      restore(value: Ref, options?: sojourn.CallOptions): Promise<void>
      tick(value: Tick, options?: sojourn.CallOptions): Promise<void>
    }
    volatile: {}
    topics: {}
    states: {
      todos: { [key: string]: Item } | null | undefined
    }
    client: { [method: string]: (value: any) => any }
  }
  presence: {
    half: true
    methods: {
      back(nothing?: undefined, options?: sojourn.CallOptions): Promise<void>
      enter(value: string, options?: sojourn.CallOptions): Promise<void>
      leave(value: string, options?: sojourn.CallOptions): Promise<void>
    }
    volatile: {}
    topics: {}
    states: {
      presence: { [key: string]: Person } | null | undefined
    }
    client: {
      away(): void
    }
  }
}

/** The instance's half of a service. A method's promise has a call's answer, or undefined for an event, once the message took effect. */
export type Server<N extends keyof Services> = Services[N]['methods'] & {
  /** The methods that may be lost with the connection, and be repeated by nobody. */
  readonly volatile: Services[N]['volatile']
}

/** The client. For what has no types here there is the untyped one: (rt as sojourn.Client). */
export interface Rt extends Omit<sojourn.Client, 'service' | 'topic' | 'state'> {
  /** The page's side of a service; half has what the instance may call. */
  service<N extends keyof Services>(name: N, half?: Partial<Services[N]['client']>): Server<N>
  /** The topics of all services; state has their states. */
  topic: typed.Subscribe<typed.All<'topics'>>
  state: typed.Subscribe<typed.All<'states'>>
  /** Asks the server what there is. It is absent where discovery is off (Config.Discover). */
  discover?(): Promise<sojourn.Description>
}

/** What a service's client half is given. */
export interface Kit<N extends keyof Services> {
  /** The service's name. */
  name: N
  /** The instance's half. */
  server: Server<N>
  /** Says what the instance may call: notices, and questions, whose answer is what the method returns or promises. */
  handle(methods: Partial<Services[N]['client']>): void
  /** The service's own topics, in state its own states; those of others are rt's. */
  topic: typed.Subscribe<Services[N]['topics']>
  state: typed.Subscribe<Services[N]['states']>
  rt: Rt
  /** For what the half has to say. */
  log: sojourn.HalfLog
}

/**
 * A service's client half, in a page that is checked:
 *
 *     /** @satisfies {import('./types').Half<'chat'>} *\/
 *     const half = ({ server, handle }) => ({ ... })
 *     export default half
 */
export type Half<N extends keyof Services> = (kit: Kit<N>) => any

/** What each service is in the page: what its half returns, which is known as far as H has the halves, by name; else the instance's half. */
export type App<H = {}> = { readonly rt: Rt } & {
  readonly [N in keyof Services]: N extends keyof H ? typed.Returned<H[N], N> : Services[N] extends { half: true } ? any : Server<N>
}

/** What app.js exports. The mount is where it was loaded from. */
export declare function connect<H = {}>(options?: sojourn.Options & sojourn.JoinOptions): App<H>

declare namespace typed {
  /** Subscribes to one of a family of topics or states by its name: `room/${key}` */
  type Subscribe<T> = <K extends keyof T & string>(name: `${K}/${string}`) => { on(listener: (value: T[K]) => void): sojourn.Off }

  /** The topics, or the states, of all services. */
  type All<S extends 'topics' | 'states'> = ({ [N in keyof Services]: (all: Services[N][S]) => void }[keyof Services]) extends (all: infer T) => void ? T : never

  /** What a half, or its module, makes of a service. */
  type Returned<H, N extends keyof Services> = H extends { default: infer D } ? Returned<D, N>
    : H extends (kit: any) => infer A ? A extends void | undefined | null ? Server<N> : A
    : Server<N>
}

/** The client: what the package sojourn-client declares. */
export declare namespace sojourn {
  /**
   * Begins a conversation with the instances behind a url. It connects by itself, in the next microtask, and stays connected.
   *
   * @param url where the server is mounted: '/rt'. Absolute outside of pages
   */
  export function connect(url: string, options?: Options): Client

  /** How to connect, and what is allowed. */
  export interface Options {
    /** Which to try, in this order: names of transports that the server has, or transports. Default: all that the server has. */
    transports?: (string | Transport)[]
    /**
     * What the program's Identify finds as bearer token. A function is asked before each attempt to connect, and when the instance says that
     * what it knows runs out; what it returns or promises is used until then. If it throws, rejects, or takes longer than 30 s, the attempt has failed.
     */
    auth?: string | (() => string | undefined | Promise<string | undefined>)
    /** The page's build, any string that sorts, of at most 64 bytes. */
    build?: string
    /** Back-off in milliseconds (250, 10000), and after how many failures in a row to give up (never). */
    reconnect?: { min?: number, max?: number, attempts?: number }
    /** As of fetch; default 'same-origin'. 'include' where the server is of another origin, which must have this page's listed. */
    credentials?: RequestCredentials
    /** Bytes that a message may have, header included; default 65000, a little less than a server takes by default. Beyond: code too_big. */
    maxFrame?: number
    /** How many messages may wait for their effect or their answer; default 1000. Beyond: code full. */
    maxQueue?: number
    /** What to use where there is no WebSocket, as in Node 20. */
    WebSocket?: typeof WebSocket
  }

  /**
   * What a conversation is at:
   *
   * - connecting: there never was a connection;
   * - open: the first connection stands, or the first one of a new socket, after the old one was lost;
   * - ready: what was outstanding as the connection came is settled, and all that waited for the client has arrived;
   * - reconnecting: the connection is gone. A move to another instance is shown only if it takes more than a second;
   * - reconnected: it is back, and nothing was lost;
   * - reconnect_failed: as many attempts as the program allows have failed; use tries again;
   * - close: the conversation has ended, and will not begin again.
   */
  export type Status = 'connecting' | 'open' | 'ready' | 'reconnecting' | 'reconnected' | 'reconnect_failed' | 'close'

  /** What calls are rejected with, and what 'error' tells. */
  export interface Failure extends Error {
    /**
     * The instance's code, or one of the client's: aborted and timeout (given up by the caller), too_big, full (too many wait already), unavailable (a
     * volatile message was not answered), gone (it took effect, but its answer is lost), unknown (nobody knows whether it took effect),
     * closed (by close), or the reason for which the instance ended the conversation.
     */
    code: string
    /** Of 'error': the topic that could not be subscribed to. */
    stream?: string
  }

  /** When a call is given up. */
  export interface CallOptions {
    /** Gives the call up. A message that was sent already takes effect all the same. */
    signal?: AbortSignal
    /** Milliseconds after which the call is given up. */
    timeout?: number
  }

  /** One of the instance's methods: its promise has a call's answer, or undefined for an event, once the message took effect. It is rejected with a Failure. */
  export type Method = (value?: any, options?: CallOptions) => Promise<any>

  /** The instance's half of a service: every property is a method. Values are JSON, or bytes (Uint8Array, ArrayBuffer). */
  export type Service = { [method: string]: Method } & {
    /** The same methods, for messages that are sent once, in no order, and lost with the connection. Nobody has to care for the promise. */
    volatile: { [method: string]: Method }
  }

  /** Ends the listening. */
  export type Off = () => void

  /** A conversation, which goes on until it is closed or the instance ends it. */
  export interface Client {
    /** The socket's id; empty before the first hello. */
    readonly id: string
    /** What the conversation is at. */
    readonly status: Status
    /** Name of the transport in use; undefined while there is no connection. */
    readonly transport: string | undefined

    /** Each change of the status. more is of 'close' only. */
    on(event: 'status', listener: (status: Status, more?: { code: string, why: string }) => void): Off
    /** The conversation has ended: closed by close, or for a reason of the instance. */
    on(event: 'close', listener: (more: { code: string, why: string }) => void): Off
    /** The status has become this one. */
    on(event: Status, listener: () => void): Off
    /**
     * Entries of a topic, or of the socket's own stream (''), will never come: events, and subscriptions that the instance made. What a page
     * shows of that stream is to be loaded again.
     */
    on(event: 'lost', listener: (lost: { stream: string, why: string }) => void): Off
    /** The transport in use is another one now, or the first one. While there is no connection it counts as the one before. */
    on(event: 'transport', listener: (name: string) => void): Off
    /** What a listener or auth threw, why a topic could not be subscribed to, or why a transport cannot be used here. Without a listener it goes to the console. */
    on(event: 'error', listener: (error: Failure) => void): Off

    /**
     * The page's side of a service. half has the methods that the instance may call: events, and questions, whose answer is what
     * the method returns or promises. What it throws is the answer's error, with its code if that is a lower-case word. A later half replaces the earlier one.
     *
     * A method of the result sends a message. Its promise has a call's answer, or undefined for an event, once the message took
     * effect; it is rejected with a Failure. Messages take effect once and in order, whatever becomes of connections.
     */
    service(name: string, half?: object): Service

    /**
     * A topic, as 'room/lobby'. Listeners hear its entries from the moment that the instance subscribed the client (and before, as far as the topic gives
     * its past); one that comes later hears what comes later. The first listener subscribes, the end of the last one unsubscribes.
     */
    topic(name: string): { on(listener: (entry: any) => void): Off }

    /**
     * A topic's state, as 'people/lobby'. Listeners hear all of its value: now, if it is known, and after each change. A value that was given is
     * never changed.
     */
    state(name: string): { on(listener: (value: any) => void): Off }

    /**
     * Goes over to another transport, which is the best one from now on; or, without a name, tries all again, as after reconnect_failed. The
     * connection in use lasts until the new one stands ('transport'). If that one does not come about it stays, and others are tried again every few minutes.
     */
    use(transport?: string): void

    /** Says goodbye, and ends. What was called and not answered is sent along, and rejected with code closed. */
    close(): void
  }

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

  /**
   * Asks what services the server has, but for private ones. Where discovery is off (Config.Discover) the promise is rejected with code not_found.
   *
   *     import { connect } from 'sojourn-client'
   *     import { discover } from 'sojourn-client/discover'
   *
   *     const { services } = await discover(connect('/rt'))
   */
  export function discover(rt: Client): Promise<Description>

  /** What a server offers. Types in it are TypeScript expressions for what payloads decode to. What is empty is absent. */
  export interface Description {
    /** In the order of the program. */
    services: ServiceInfo[]
    /** The types that expressions name. */
    types?: TypeInfo[]
  }

  /** What there is of one service. */
  export interface ServiceInfo {
    /** What the names of its methods begin with: 'chat' of chat.say. */
    name: string
    /** It has a client half, which makes what an app has of it. */
    half?: boolean
    /** What this page may call. */
    methods?: MethodInfo[]
    /** What the instance may call here, as far as the service declares it. */
    client?: MethodInfo[]
    /** The topics, and below the states, that this page may subscribe to: 'room' for room/lobby. */
    topics?: StreamInfo[]
    states?: StreamInfo[]
  }

  /** One method, of either side. */
  export interface MethodInfo {
    /** Without the service's: 'say' of chat.say. */
    name: string
    /** The payload's type; without it there is none. One that ends in '| null' may be left out. */
    in?: string
    /** The answer's type; without it there is none, or nothing in it. */
    out?: string
    /** It is a call, or a question; else an event, or a notice. */
    answers?: boolean
    /** It may be called volatile. */
    volatile?: boolean
  }

  /** One topic or state. */
  export interface StreamInfo {
    /** Without the key: 'room' of room/lobby. */
    name: string
    /** An entry's, or the state's value's, once it is set. */
    type: string
  }

  /** A type with a name. */
  export interface TypeInfo {
    /** An identifier, unique in the description. */
    name: string
    /** What it stands for; one that begins with a brace is an object's. */
    type: string
    /** The Go type's name, behind its package's path. */
    go: string
  }

  /** A way of carrying frames. */
  export interface Transport {
    /** Under which programs ask for it: 'ws'. */
    name: string
    /** Begins a connection. It may throw: the transport cannot be used here. */
    open(link: Link): Connection | Promise<void>
  }

  /** What carries up. */
  export interface Connection {
    /** Sends one or more lines up. Not called before the instance's hello came. */
    send(lines: string): void
  }

  /** One connection, from the client's side. */
  export interface Link {
    /** The mount, absolute and without a slash at its end: https://example.com/rt. */
    url: string
    /** As given to connect. */
    options: Options
    /** Makes a hello: one for each connection or poll, when it is about to be sent. */
    hello(): string
    /** Takes what came down: one or more whole lines. */
    frames(lines: string): void
    /** Says that the connection has ended; more than once does no harm. */
    closed(): void
    /** Is aborted when the client ends the connection. */
    signal: AbortSignal
    /** Posts to <url>/<path>, for as long as the connection lasts. */
    post(path: string, body: string): Promise<Response>
  }
}
