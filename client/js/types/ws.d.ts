import type { Transport } from '../src/transport.js'

/** Frames over a WebSocket, both ways. */
export const ws: Transport
