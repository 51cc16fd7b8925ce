// However a proxy cuts what an instance says, it is the same frames.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { longpoll, sse, ws } from '../harness/index.js'
import { linesOf } from '../src/frames.js'
import { cutAnywhere, frames } from './transportkit.js'

const vectors = JSON.parse(readFileSync(new URL('../../../protocol/testdata/vectors.json', import.meta.url), 'utf8')).frames.map(v => v.line)
const events = (end, field = 'data: ') => lines => lines.map(line => field + line + end + end).join('')

const subjects = {
  sse: { transport: sse, kind: 'stream', write: events('\n') },
  'sse with CR LF': { transport: sse, kind: 'stream', write: events('\r\n') },
  'sse with CR': { transport: sse, kind: 'stream', write: events('\r') },
  'sse with no space': { transport: sse, kind: 'stream', write: events('\n', 'data:') },
  'sse with comments and other fields': {
    transport: sse, kind: 'stream', write: lines => ':\n\nretry: 10\n' + lines.map(line => `id: 7\nevent: e1.aaaaa\ndata: ${line}\n\n:\n\n`).join('')
  },
  longpoll: { transport: longpoll, kind: 'poll', write: lines => lines.join('\n') + '\n' },
  'longpoll with no last line break': { transport: longpoll, kind: 'poll', write: lines => lines.join('\n') },
  ws: { transport: ws, kind: 'socket', write: lines => lines.join('\n') },
  'ws with a last line break': { transport: ws, kind: 'socket', write: lines => lines.join('\n') + '\n' }
}

for (const [name, subject] of Object.entries(subjects)) {
  test(`all vectors in one stream, cut anywhere: ${name}`, t => cutAnywhere(t, subject, [...frames, ...vectors]))
}

test('of a WebSocket, lines may be in any messages', () => {
  const all = [...frames, ...vectors]
  for (let size = 1; size <= all.length; size++) {
    const given = []
    const { WebSocket, last } = fakeSocket()
    ws.open({
      url: 'http://instance/rt', options: { WebSocket }, hello: () => 'H{}', closed() {}, signal: new AbortController().signal, frames: text => given.push(...linesOf(text))
    })
    for (let at = 0; at < all.length; at += size) last().onmessage({ data: all.slice(at, at + size).join('\n') })
    assert.deepEqual(given, all)
  }
})

/** A WebSocket that does nothing. */
const fakeSocket = () => {
  let last
  return {
    WebSocket: class {
      constructor() {
        last = this
      }
    },
    last: () => last
  }
}
