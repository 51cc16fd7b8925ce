import type { Client } from '../client.js'

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
