import { longpoll, sse, ws } from '../harness/index.js'
import { run } from './transportkit.js'
import { toy } from './toy.js'

const lines = frames => frames.map(f => f + '\n').join('')

run({ transport: ws, kind: 'socket', write: frames => frames.join('\n') })
run({ transport: sse, kind: 'stream', write: frames => frames.map(f => `data: ${f}\n\n`).join('') })
run({ transport: longpoll, kind: 'poll', write: lines })
run({ transport: toy, kind: 'poll', write: frames => JSON.stringify(frames) })
