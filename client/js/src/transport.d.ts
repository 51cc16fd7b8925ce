// The seam between the client and the ways of carrying frames.
//
// A transport gets lines of text to and from an instance, and knows nothing of what they mean. It is an
// object with a name, under which a program asks for it, and open, which begins a connection:
//
//   1. send link.hello() up as the connection's first line;
//   2. give all that comes down to link.frames, in order;
//   3. say when the connection has ended, for whatever reason: by link.closed, or by the promise that open returned;
//   4. end the connection when link.signal is aborted.
//
// A transport that carries up as well returns an object with send. One that only carries down returns a promise, as an async function
// does, that is settled when the connection has ended: the client then posts what goes up to <url>/up by itself. A
// transport whose connection is many requests (polls) makes a new hello for each of them. Nothing is to be retried by a transport,
// and it has no time limits: both are the client's.
//
// A transport that a Go server is to join into client.js is a script of its own that declares a variable named sojourn_<name>:
// see the Go package client/js.

import type { Options } from '../client.js'

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
