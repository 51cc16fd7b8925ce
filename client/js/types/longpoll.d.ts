import type { Transport } from '../src/transport.js'

/** Frames down by polls, each answered completely; up by POSTs. */
export const longpoll: Transport
