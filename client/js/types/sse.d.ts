import type { Transport } from '../src/transport.js'

/** Frames down by an event stream, read with fetch; up by POSTs. */
export const sse: Transport
