import type { Transport } from '../src/transport.js'

/** What is used of engine.io-client's Socket. */
export interface EngineIOSocket {
  /** Listens to open, message and close. */
  on(event: string, listener: (...values: any[]) => void): unknown
  /** Sends a message. */
  send(text: string): unknown
  /** Ends the session. */
  close(): unknown
}

/**
 * Frames over Engine.IO, by its own client, from version 6 on:
 *
 *     import { Socket } from 'engine.io-client'
 *     import { engineio } from 'sojourn-client/engineio'
 *
 *     const rt = connect('/rt', { transports: [engineio(Socket)] })
 *
 * @param Socket engine.io-client's
 * @param options for it: { transports: ['polling'] }. By default with credentials if the client's credentials are 'include'
 */
export function engineio(Socket: new (uri: string, options?: any) => EngineIOSocket, options?: object): Transport
