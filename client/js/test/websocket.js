// As much of WebSocket (RFC 6455) as tests need: text, in one frame or several. Node has a client of its own since version 22, and no server.
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const text = 1
const close = 8
const ping = 9
const pong = 10

/** @param {string} key */
export const acceptance = key => createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')

/**
 * One frame. A client masks its own.
 *
 * @param {number} opcode 0: goes on with the message before
 * @param {Uint8Array} payload
 * @param {{last?: boolean, mask?: boolean}} [options]
 */
export const encodeFrame = (opcode, payload, { last = true, mask = false } = {}) => {
  const n = payload.length
  const head = Buffer.alloc(n < 126 ? 2 : n < 1 << 16 ? 4 : 10)
  head[0] = (last ? 0x80 : 0) | opcode
  head[1] = (mask ? 0x80 : 0) | (n < 126 ? n : n < 1 << 16 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(n, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(n), 2)
  if (!mask) return Buffer.concat([head, payload])
  const key = randomBytes(4)
  return Buffer.concat([head, key, payload.map((b, i) => b ^ key[i % 4])])
}

/** The first frame of what has arrived, and the rest; undefined: it is not whole yet. @param {Buffer} bytes */
const decodeFrame = bytes => {
  if (bytes.length < 2) return
  let n = bytes[1] & 0x7f
  let at = n < 126 ? 2 : n === 126 ? 4 : 10
  if (bytes.length < at) return
  if (at === 4) n = bytes.readUInt16BE(2)
  if (at === 10) n = Number(bytes.readBigUInt64BE(2))
  const masked = bytes[1] & 0x80
  const key = bytes.subarray(at, at += masked ? 4 : 0)
  if (bytes.length < at + n) return
  const payload = Buffer.from(bytes.subarray(at, at + n))
  if (masked) payload.forEach((b, i) => { payload[i] = b ^ key[i % 4] })
  return { opcode: bytes[0] & 15, last: !!(bytes[0] & 0x80), payload, rest: bytes.subarray(at + n) }
}

/**
 * Reads a connection whose handshake is done: calls heard with each message, and ended once.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} begun what of it was read already
 * @param {{heard: (message: string) => void, ended: (code: number) => void, mask: boolean}} ears
 */
export const readFrames = (socket, begun, { heard, ended, mask }) => {
  let bytes = begun
  /** @type {Buffer[]} */
  let message = []
  let code = 1006
  const read = () => {
    for (let f; (f = decodeFrame(bytes));) {
      bytes = f.rest
      if (f.opcode === ping) socket.write(encodeFrame(pong, f.payload, { mask }))
      if (f.opcode === close) {
        code = f.payload.length ? f.payload.readUInt16BE() : 1005
        socket.end(encodeFrame(close, f.payload, { mask }))
      }
      if (f.opcode > text) continue
      message.push(f.payload)
      if (!f.last) continue
      heard(Buffer.concat(message).toString())
      message = []
    }
  }
  socket.on('data', chunk => {
    bytes = Buffer.concat([bytes, chunk])
    read()
  })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.on('close', () => ended(code))
  read()
}

/** @param {string} message */
export const textFrame = message => encodeFrame(text, Buffer.from(message))

/** @param {number} code */
export const closeFrame = code => {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return encodeFrame(close, payload)
}

/** A WebSocket for Node 20, as far as a transport uses one: its handlers, send, and close. */
export class Socket {
  /** @param {string} url ws: */
  constructor(url) {
    const { hostname, port, host, pathname } = new URL(url)
    this.socket = connect(Number(port), hostname)
    const key = randomBytes(16).toString('base64')
    this.socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`)
    let head = Buffer.alloc(0)
    const begin = (/** @type {Buffer} */ chunk) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      this.socket.off('data', begin)
      if (!head.includes('101 ') || !head.includes(acceptance(key))) return this.socket.destroy()
      this.open = true
      this.onopen?.()
      readFrames(this.socket, head.subarray(end + 4), { heard: data => this.open && this.onmessage?.({ data }), ended: () => {}, mask: true })
    }
    this.socket.on('data', begin)
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.onclose?.())
  }

  /** @param {string} message */
  send(message) {
    this.socket.write(encodeFrame(text, Buffer.from(message), { mask: true }))
  }

  close() {
    if (this.open) this.socket.end(encodeFrame(close, Buffer.alloc(0), { mask: true }))
    else this.socket.destroy()
    this.open = false
  }
}
