// @ts-check
// What a client knows: one record, which the functions of the other modules work on. Types only, and nothing of this file is in the build; but the build
// shortens the names that are declared here, so none of them may be the name of anything that is not of ours: of the platform, of a
// program, of the wire.

/**
 * @typedef Client
 *
 * What the program said.
 * @property {string} mount absolute, without a slash at its end
 * @property {import('./transport.js').Transport[]} choices transports, the best first: as the program says, but before all the one that it asked for later
 * @property {import('../client.js').Options} settings
 * @property {Map<string, any>} halves of services, by the service's name: what the instance may call
 *
 * What the program is told.
 * @property {Record<string, Set<Listener>>} listeners by event
 * @property {import('../client.js').Status} shown
 * @property {(Error & {code: string}) | undefined} over the conversation has ended, with this
 * @property {AbortController} watched ends the listening to the page
 *
 * The conversation: its socket, and what is said and not settled.
 * @property {string} secret the socket's key
 * @property {number} attached attach number of the newest hello
 * @property {boolean} met the socket had a hello answered
 * @property {string} place cursor in the own stream; empty: before its first entry
 * @property {Message[]} pending those with a number first, in order; then those that were never sent
 * @property {number} last number given
 * @property {number} acked number of the last message known to have taken effect
 * @property {number} markN messages up to this number are settled ...
 * @property {number} markAt ... when the own stream is read up to this offset
 * @property {boolean} alive something was heard since a try was counted
 *
 * The connection.
 * @property {Set<Wire>} wires attempts, and the one that is live
 * @property {Wire} [live] the one whose hello was answered last
 * @property {import('./transport.js').Transport} by the one that worked last
 * @property {string} [token] what the program said that it is
 * @property {number} wait how many ms the instance wants not to be asked again, as it said last
 * @property {Timer} [climber] until better transports are tried again
 * @property {import('./transport.js').Transport[]} order transports that this round has still to try
 * @property {number} fails attempts and connections that failed, since the conversation was ready
 * @property {Hello} greeting the instance's last hello
 * @property {boolean} quiet the connection is being replaced
 * @property {Timer} [timer] until the next transport, or the next round
 * @property {Timer} [hush] until a replacement that takes its time is shown
 *
 * What goes up.
 * @property {string[]} [posting] the messages of the POST that is under way
 * @property {Timer} [pause] until the next POST, after one that failed
 * @property {number} misses POSTs that failed in a row
 * @property {Map<number, Loose>} loose volatile messages that have no answer
 * @property {number} unsaid how much of the own stream the instance does not know to have arrived
 * @property {boolean} due the instance is to be told so
 * @property {Timer} [ackTimer] until it is
 *
 * Topics.
 * @property {Map<string, Sub>} subs by name
 * @property {Map<string, Sub>} byID as frames name those that we are subscribed to
 */

/**
 * A message with a number, from when the program asked for it until it is settled.
 *
 * @typedef Message
 * @property {string} letter its frame's kind
 * @property {string} rest of its frame, after the number
 * @property {number} nr its number, from its first transmission on; NaN before, which is neither below nor above any number
 * @property {number} repeats connections that it was sent on and that broke without an answer
 * @property {boolean} [blurred] its answer may be among entries that were lost
 * @property {boolean} [dropped] nobody waits for its answer any more
 * @property {(value?: any) => void} yes
 * @property {(error: Error) => void} no
 */

/**
 * A volatile message.
 *
 * @typedef Loose
 * @property {string} rest of its frame, after the id
 * @property {object} [via] the wire or the POST that it was sent with
 * @property {(value?: any) => void} yes
 * @property {(error: Error) => void} no
 */

/**
 * A connection, or an attempt at one.
 *
 * @typedef Wire
 * @property {import('./transport.js').Transport} by
 * @property {AbortController} line ends it
 * @property {(lines: string) => void} [carry] sends lines up; without it they are posted
 * @property {number} attached number of its last hello
 * @property {number} [met] number of the last that was answered: while another waits for its answer, what else comes is no sign of life
 * @property {number} sent messages up to this number were sent on it
 * @property {number} [owed] when messages up to this number are settled, and the own stream is read up to where the hello says, the conversation has caught up
 * @property {Timer} [timer] until it is taken for dead
 */

/**
 * A subscription, or the wish for one.
 *
 * @typedef Sub
 * @property {string} title the topic's name
 * @property {string} place cursor
 * @property {boolean} [known] the topic has a state, and this is
 * @property {any} [whole]
 * @property {Set<Listener>} hearers are given 't' and an entry, or 'n' and a state
 * @property {Message} [asked] the last S or U
 */

/**
 * An instance's hello, as on the wire: docs/protocol.md.
 *
 * @typedef {{id: string, in: number, at: number, hb: number, ttl: number}} Hello
 */

/** @typedef {(...args: any[]) => void} Listener */
/** @typedef {ReturnType<typeof setTimeout>} Timer */

export {}
