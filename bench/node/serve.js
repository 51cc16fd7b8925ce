// What the servers of Node have in common, as Serve of internal/peers for those of Go.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const figures = () => {
  const { user, system } = process.cpuUsage()
  return { CPU: (user + system) / 1e6, Mallocs: 0, Bytes: 0, Goroutines: 0 }
}

/**
 * Makes the HTTP server: /publish is done here, all else is the caller's.
 * @param {(text: string) => void} publish sends to all that follow
 */
export const server = publish =>
  createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', part => { text += part })
    request.on('end', () => {
      publish(text)
      response.writeHead(204).end()
    })
  })

/**
 * Listens, says where, and answers until the standard input ends.
 * @param {import('node:http').Server} http
 */
export const serve = http => {
  const say = value => process.stdout.write(JSON.stringify(value) + '\n')
  http.listen(0, '127.0.0.1', 1024, () => say({ Address: '127.0.0.1:' + http.address().port }))
  const lines = createInterface({ input: process.stdin })
  lines.on('line', line => {
    if (line === 'collect') globalThis.gc()
    say(figures())
  })
  lines.on('close', () => process.exit())
}
