import type { Transport } from '../src/transport.js'

/** A transport that is tested, and how its server's half speaks. */
export interface Subject {
  transport: Transport
  /**
   * What a connection is: a WebSocket; one response that lasts; or responses that are complete, each to a request of its own. Streams and
   * polls are requested with link.post.
   */
  kind: 'socket' | 'stream' | 'poll'
  /** What the server's half sends to say frames: a message, a part of the response, or all of it. */
  write(frames: string[]): string
}

/**
 * Tests a transport's JavaScript half against a server that is scripted: the hello comes first, frames arrive in order wherever their bytes are cut, the
 * end is told once and nothing after it, an abort ends the connection, the reason of a refusal is given, a page is no instance. To be called in a file that node --test runs.
 */
export function run(subject: Subject): void

/** Frames that are easily mistaken for something else; the first one is a hello. */
export const frames: string[]

/** The check of run that cuts bytes anywhere, for other frames, the first of which must be a hello. */
export function cutAnywhere(t: import('node:test').TestContext, subject: Subject, frames: string[]): Promise<void>
