import type { Options } from '../client.js'
import type { App, Halves, JoinOptions } from './app.js'

/**
 * Joins services' client halves to a client whose server is the test, for the time of a test of node:test.
 *
 *     test('a line is shown', async () => {
 *       const { app, server } = harness({ chat })
 *       server.on('chat.say', text => { if (!text) throw Object.assign(new Error('say something'), { code: 'invalid' }) })
 *       await app.chat.say('hello')
 *       await server.publish('room/lobby', { from: 'bob', text: 'hi' })
 *       assert.deepEqual(app.chat.lines, ['bob: hi'])
 *     })
 *
 * The client is the real one, and what it says and hears are real frames. What the server does before it is connected waits until it is.
 *
 * @param halves as of join: modules, or what they export as default
 * @param options of connect and of join; it connects again within a millisecond
 */
export function harness<H extends Halves>(halves: H, options?: Omit<Options, 'transports'> & JoinOptions): { app: App<H>, server: Server }

/** The server as the test wants it. What it does besides being asked is promised to be done when the halves have been told, and have nothing more to say. */
export interface Server {
  /**
   * Says what a method, 'chat.say', does: what it returns or promises is the answer, what it throws the error, with its code ('internal', if it has none). A later
   * call replaces the earlier one. Methods of which nothing was said fail with the code not_found.
   */
  on(method: string, f: (value: any) => unknown): void
  /** Calls a method of a half, as an instance does by Turn.Send. */
  tell(method: string, value?: unknown): Promise<void>
  /** Asks a half, as an instance does by Turn.Ask, and promises its answer; or the error that it answers with, which has a code. */
  ask(method: string, value?: unknown): Promise<any>
  /** Publishes to a topic, 'room/lobby'. Who subscribes later gets all that was published before. */
  publish(topic: string, value: unknown): Promise<void>
  /** Sets a state, 'people/lobby'. */
  state(state: string, value: unknown): Promise<void>
  /** Cuts the connection, as the end of an instance does; the client goes on with the next one. */
  cut(): Promise<void>
  /** Waits until nothing is under way any more. */
  idle(): Promise<void>
}
