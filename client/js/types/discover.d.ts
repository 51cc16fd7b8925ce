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
  services: ServiceInfo[]
  /** The types that expressions name. */
  types?: TypeInfo[]
}

export interface ServiceInfo {
  name: string
  /** It has a client half, which makes what an app has of it. */
  half?: boolean
  /** What this page may call. */
  methods?: MethodInfo[]
  /** What the instance may call here, as far as the service declares it. */
  client?: MethodInfo[]
  /** What this page may subscribe to: 'room' for room/lobby. */
  topics?: StreamInfo[]
  states?: StreamInfo[]
}

export interface MethodInfo {
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

export interface StreamInfo {
  name: string
  type: string
}

export interface TypeInfo {
  name: string
  /** What it stands for; one that begins with a brace is an object's. */
  type: string
  /** The Go type's name, behind its package's path. */
  go: string
}
