import type { Transport } from '../src/transport.js'

/** One connection, as the other end sees it. */
export interface MockConnection {
  /** What the client sent, line by line: its hello first. */
  up: string[]
  /** The client has ended it. */
  closed: boolean
  /** Sends lines down. */
  down(...lines: string[]): void
  /** Ends it without a word. */
  cut(): void
  /** Makes the client say hello again, as a poll does, and returns what it says. */
  poll(): string
}

/**
 * A transport in memory, for tests: its other end is an array of the connections that were opened.
 *
 * @param options name: by default 'mock'; up: false, if it can only carry down, and the client posts what goes up; opened: called with each connection
 */
export function mock(options?: {
  name?: string
  up?: boolean
  opened?: (connection: MockConnection) => void
}): Transport & { connections: MockConnection[] }
