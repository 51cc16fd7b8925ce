// The built parts are scripts that declare a variable: this makes a module of them, as a server does, that exports all.
import { readFileSync } from 'node:fs'

const files = {
  connect: '../dist/core.min.js',
  join: '../dist/app.min.js',
  discover: '../dist/discover.min.js',
  ws: '../../../transports/ws/ws.min.js',
  sse: '../../../transports/sse/sse.min.js',
  longpoll: '../../../transports/longpoll/longpoll.min.js',
  mock: '../../../transports/mock/mock.min.js',
  engineio: '../../../transports/engineio/engineio.min.js',
  sockjs: '../../../transports/sockjs/sockjs.min.js'
}
const text = Object.values(files).map(file => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n') +
  Object.keys(files).map(name => `\nexport const ${name} = sojourn_${name}`).join('')
export const { connect, join, discover, ws, sse, longpoll, mock, engineio, sockjs } = await import('data:text/javascript,' + encodeURIComponent(text))
