import type { Client, Options, Transport } from '../client.js'

export type * from '../client.js'

/**
 * Begins a conversation, as connect of 'sojourn-client' does, but brings no transports: a bundle has only those that the program imports.
 *
 *     import { connect } from 'sojourn-client/core'
 *     import { ws } from 'sojourn-client/ws'
 *
 *     const rt = connect('/rt', { transports: [ws] })
 *
 * @param url where the server is mounted: '/rt'. Absolute outside of pages
 */
export function connect(url: string, options: Options & { transports: Transport[] }): Client
