import type { Transport } from '../src/transport.js'

/** What is used of sockjs-client's SockJS. */
export interface SockJSSocket {
  /** Is called when the session is open. */
  onopen: ((event: any) => void) | null
  /** Is called with each message, as data. */
  onmessage: ((event: any) => void) | null
  /** Is called when the session has ended. */
  onclose: ((event: any) => void) | null
  /** Sends a message. */
  send(text: string): unknown
  /** Ends the session. */
  close(): unknown
}

/**
 * Frames over SockJS, by its own client:
 *
 *     import SockJS from 'sockjs-client'
 *     import { sockjs } from 'sojourn-client/sockjs'
 *
 *     const rt = connect('/rt', { transports: [sockjs(SockJS)] })
 *
 * Where the library makes requests to another origin it sends credentials as it likes.
 *
 * @param SockJS sockjs-client's
 * @param options for it: { transports: ['xhr-streaming'] }
 */
export function sockjs(SockJS: new (url: string, reserved?: any, options?: any) => SockJSSocket, options?: object): Transport
