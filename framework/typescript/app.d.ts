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
