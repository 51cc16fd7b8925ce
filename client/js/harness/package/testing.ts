// A program's tests of its client halves, type-checked by the package's.
import { type Kit } from 'sojourn-client/app'
import { harness, type Server } from 'sojourn-client/testing'

const chat = ({ server }: Kit) => ({ lines: [] as string[], say: (text: string): Promise<number> => server.say(text) })
const { app, server } = harness({ chat, todo: null }, { log: (level, message) => console.log(level, message), maxQueue: 10 })
server.on('chat.say', async (text: string) => text.length)
const length: number = await app.chat.say('hello')
await server.publish('room/lobby', { length })
await server.state('people/lobby', {})
const script: Server = server
if (await script.ask('chat.confirm', 7)) await script.cut()
await script.tell('chat.notice')
await app.todo.add('milk')
app.rt.close()

// What must not pass.
// @ts-expect-error: the transport is the harness's
harness({}, { transports: ['ws'] })
// @ts-expect-error: the half does not return it
app.chat.typing()
// @ts-expect-error
server.on('chat.say')
