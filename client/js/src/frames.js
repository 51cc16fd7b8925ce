// @ts-check
// Frames: one line each. docs/protocol.md is their specification, and protocol/testdata/vectors.json its test.

/**
 * Splits a message or a body into its lines.
 *
 * @param {string} text
 */
export const linesOf = text => text.split(/\r?\n|\r$/).filter(line => line)

/**
 * Splits a line into its kind, its payload with the character that tells its form, and its header fields.
 *
 * @param {string} line
 */
export const parse = line => {
  const [, kind, header, payload] = /** @type {string[]} */ (/^(.)([^|*]*)([^]*)/.exec(line))
  return [kind, payload, ...header.split(',')]
}

/** @param {Uint8Array} bytes */
export const base64 = bytes => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''))

/**
 * Writes a value as payload: bytes (ArrayBuffer, Uint8Array) as base64, undefined as none at all, everything else as JSON.
 *
 * @param {any} value
 */
export const encode = value => {
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return '*' + base64(new Uint8Array(value))
  const text = JSON.stringify(value)
  return text ? '|' + text : ''
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
export const offsetOf = cursor => parseInt(cursor) || 0

/**
 * An error as calls are rejected with.
 *
 * @param {string} code
 * @param {string} [message]
 * @returns {Error & {code: string}}
 */
export const failure = (code, message) => Object.assign(new Error(message || code), { code })

// The close codes from 4001 on, and what to do about each: ! stop, ? stop if it is by another's attach, + begin anew. Where there is no
// name the client resumes.
const codes = 'malformed! denied! stale? gone+ replaced?  too_big!  version! rewound+ ended! user_changed+'.split(' ')

/**
 * The name of a close code, and the character for what to do about it. Both are empty where that is to resume.
 *
 * @param {string | number} code
 */
export const closing = code => /** @type {string[]} */ (/(\w*)(.?)/.exec(codes[+code - 4001] || ''))
