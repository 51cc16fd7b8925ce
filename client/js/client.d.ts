import type { Transport } from './src/transport.js'

export type { Connection, Link, Transport } from './src/transport.js'

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
