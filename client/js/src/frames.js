// @ts-check
// Frames: one line each. docs/protocol.md is their specification, and protocol/testdata/vectors.json its test.

/**
 * Splits a message or a body into its lines.
 *
 * @param {string} text
 */
export const linesOf = text => text.split(/\r?\n/).filter(line => line)

/**
 * Splits a line into its kind, its header fields, and the payload with the character that tells its form.
 *
 * @param {string} line
 */
export const parse = line => {
  const at = line.search(/[|*]/)
  const head = at < 0 ? line : line.slice(0, at)
  return { kind: line[0], fields: head.slice(1).split(','), payload: at < 0 ? '' : line.slice(at) }
}

/**
 * Writes a value as payload: bytes (ArrayBuffer and its views) as base64, undefined as none at all, everything else as JSON.
 *
 * @param {any} value
 */
export const encode = value => {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : value instanceof ArrayBuffer && new Uint8Array(value)
  if (bytes) {
    let text = ''
    for (const byte of bytes) text += String.fromCharCode(byte)
    return '*' + btoa(text)
  }
  const text = JSON.stringify(value)
  return text === undefined ? '' : '|' + text
}

/**
 * Reads a payload: bytes as Uint8Array, JSON as its value, none as undefined.
 *
 * @param {string} payload
 * @returns {any}
 */
export const decode = payload => payload[0] === '*'
  ? Uint8Array.from(atob(payload.slice(1)), c => c.charCodeAt(0))
  : payload ? JSON.parse(payload.slice(1)) : undefined

/**
 * A cursor's offset.
 *
 * @param {string} cursor
 */
export const offsetOf = cursor => parseInt(cursor)

/**
 * An error as calls are rejected with.
 *
 * @param {string} code
 * @param {string} [message]
 * @returns {Error & {code: string}}
 */
export const failure = (code, message) => Object.assign(new Error(message || code), { code })

// The close codes from 4000 on, and what to do about each: ! stop, + begin anew, otherwise resume.
const codes = 'move malformed! denied! stale! gone+ replaced! unavailable too_big! full version! rewound+ ended! user_changed+ silent'.split(' ')

/**
 * The name of a close code, and the client's action.
 *
 * @param {string | number} code
 * @returns {{name: string, action: 'stop' | 'anew' | 'resume'}}
 */
export const closing = code => {
  const row = codes[+code - 4000] || 'closed'
  return {
    name: row.replace(/\W/, ''),
    action: row.endsWith('!') ? 'stop' : row.endsWith('+') ? 'anew' : 'resume'
  }
}
