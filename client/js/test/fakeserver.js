// A server that answers as a test says, on a port of its own: plain HTTP, and WebSockets.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { acceptance, closeFrame, encodeFrame, readFrames, textFrame } from './websocket.js'

/** What came, and what to answer: a request, or a WebSocket. */
export class Exchange {
  /** @type {(value?: any) => void} */
  #left = () => {}
  /** Settled when the client is gone, or everything was said. */
  gone = new Promise(resolve => { this.#left = resolve })

  /** @param {string} path @param {string} body @param {import('node:http').ServerResponse} response */
  constructor(path, body, response) {
    /** The last element of the path. */
    this.path = path.slice(path.lastIndexOf('/') + 1)
    this.body = body
    this.response = response
    response.on('close', this.#left)
  }

  /** Answers completely. @param {string} body @param {number} [status] @param {Record<string, string>} [headers] */
  answer(body, status = 200, headers = {}) {
    this.response.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers }).end(body)
  }

  /** Answers with a part, after which more may come. @param {string | Uint8Array} part */
  write(part) {
    this.response.write(part)
  }

  /** Ends the answer in good order. */
  end() {
    this.response.end()
  }

  /** Ends the connection in the middle of the answer. */
  cut() {
    this.response.socket?.destroy()
  }
}

/** A WebSocket: what comes up is a sequence of messages. */
export class SocketExchange {
  /** @type {string[]} */
  #heard = []
  /** @type {((message: string | undefined) => void)[]} */
  #waiting = []
  #over = false
  /** @type {(value?: any) => void} */
  #left = () => {}
  gone = new Promise(resolve => { this.#left = resolve })

  /** @param {string} path @param {string} key @param {import('node:stream').Duplex} socket @param {Buffer} head */
  constructor(path, key, socket, head) {
    this.path = path.slice(path.lastIndexOf('/') + 1)
    this.key = key
    this.socket = socket
    this.head = head
  }

  /** Accepts it. A script that refuses answers instead. */
  accept() {
    this.socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${acceptance(this.key)}\r\n\r\n`)
    readFrames(this.socket, this.head, {
      mask: false,
      heard: message => {
        const first = this.#waiting.shift()
        if (first) first(message)
        else this.#heard.push(message)
      },
      ended: () => {
        this.#over = true
        for (const waits of this.#waiting) waits(undefined)
        this.#left()
      }
    })
  }

  /** The next message; undefined: none will come. @returns {Promise<string | undefined>} */
  next() {
    if (this.#heard.length || this.#over) return Promise.resolve(this.#heard.shift())
    return new Promise(resolve => { this.#waiting.push(resolve) })
  }

  /** @param {string} body @param {number} [status] */
  answer(body, status = 200) {
    this.socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }

  /** @param {string} message */
  send(message) {
    this.socket.write(textFrame(message))
  }

  /** Sends one message in parts. @param {Uint8Array[]} parts @param {boolean} [unfinished] there would be more */
  sendParts(parts, unfinished) {
    parts.forEach((part, i) => this.socket.write(encodeFrame(i ? 0 : 1, part, { last: !unfinished && i === parts.length - 1 })))
  }

  /** Ends it in good order. @param {number} [code] */
  end(code = 4000) {
    this.socket.write(closeFrame(code))
  }

  cut() {
    this.socket.destroy()
  }
}

/**
 * Serves until the test is over. The script is given each request once it is read, and each WebSocket.
 *
 * @param {import('node:test').TestContext} t
 * @param {(exchange: any) => void} script
 * @returns {Promise<string>} the mount
 */
export const serve = async (t, script) => {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    script(new Exchange(request.url ?? '', body, response))
  })
  /** @type {Set<import('node:stream').Duplex>} */
  const sockets = new Set()
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket.on('error', () => {}))
    script(new SocketExchange(request.url ?? '', request.headers['sec-websocket-key'] ?? '', socket, head))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/rt`
}
