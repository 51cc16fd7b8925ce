// @ts-check
// The seam between the client and the ways of carrying frames: types only, nothing of this file is in the build.
//
// A transport gets lines of text to and from an instance, and knows nothing of what they mean. It is an
// object with a name, under which a program asks for it, and open, which begins a connection:
//
//   1. send link.hello() as the connection's first line, up;
//   2. give all that comes down to link.frames, in order;
//   3. when the connection has ended, for whatever reason, call link.closed. Once is enough, more does no harm.
//
// A transport that can only carry down leaves send out of what open returns: the client then posts what goes up to
// <url>/up by itself. A transport whose connection is many requests (polls) makes a new hello for each of them.
// Nothing is to be retried by a transport, and it has no time limits: both are the client's.
//
// A transport that a Go server is to join into client.js is a script of its own that declares a variable named sojourn_<name>:
// see the Go package client/js.

/**
 * @typedef Transport
 * @property {string} name
 * @property {number} [patience] milliseconds in which a hello must have been answered, before the next transport is tried as well; default 3000
 * @property {(link: Link) => Connection} open begins a connection. It may throw: the transport cannot be used here.
 */

/**
 * @typedef Connection
 * @property {(lines: string) => void} [send] sends one or more lines up. Not called before the instance's hello came.
 * @property {() => void} close ends the connection; link.closed need not be called any more.
 */

/**
 * @typedef Link
 * @property {string} url the mount, absolute and without a slash at its end: https://example.com/rt
 * @property {() => string} hello makes a hello: one for each connection or poll, when it is about to be sent
 * @property {(lines: string) => void} frames takes what came down: one or more whole lines
 * @property {() => void} closed says that the connection has ended
 * @property {(path: string, body: string, signal?: AbortSignal) => Promise<Response>} post posts to <url>/<path>
 * @property {typeof WebSocket | undefined} WebSocket what to construct, if there is one
 */

export {}
