import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { closing, decode, encode, linesOf, offsetOf, parse } from '../src/frames.js'
import { merge } from '../src/topics.js'

const vectors = JSON.parse(readFileSync(new URL('../../../protocol/testdata/vectors.json', import.meta.url), 'utf8'))

describe('the vectors', () => {
  test('of frames', () => {
    for (const { line, kind, fields, form, value } of vectors.frames) {
      const [k, payload, ...f] = parse(line)
      assert.deepEqual([k, f], [kind, fields], line)
      const want = form === 'bytes' ? new Uint8Array(value) : value
      assert.deepEqual(decode(payload), want, line)
      assert.equal(kind + fields.join(',') + encode(want), line)
    }
  })

  test('of bad payloads', () => {
    for (const { line, form } of vectors.bad_payloads) {
      const [, payload] = parse(line)
      if (form === 'bytes' && payload[0] === '*') assert.throws(() => decode(payload), line)
    }
  })

  test('of cursors', () => {
    for (const { text, offset } of vectors.cursors) assert.equal(offsetOf(text), offset)
  })

  test('of lines', () => {
    for (const { text, lines } of vectors.lines) assert.deepEqual(linesOf(text), lines)
  })

  test('of closes', () => {
    for (const { line, code, in: n, why } of vectors.closes) {
      const [, , c, x, y] = parse(line)
      assert.deepEqual([+c, x ? +x : null, y], [code, n, why])
    }
  })

  test('of close codes', () => {
    for (const { code, name, action } of vectors.codes) {
      const [, n, a] = closing(code)
      assert.deepEqual([n, a.replace('?', '!')], action === 'resume' ? ['', ''] : [name, { stop: '!', anew: '+' }[action]])
    }
    assert.deepEqual([...closing(4999)], ['', '', ''])
  })
})

test('a payload is whole, whatever line breaks of Unicode are in it', () => {
  const text = 'a\u2028b\u2029c\u0085d'
  assert.equal(decode(parse('e1.a,chat.say' + encode(text))[1]), text)
})

test('what JSON does not have is no payload', () => {
  assert.equal(encode(undefined), '')
  assert.equal(encode(() => {}), '')
  assert.equal(encode(0), '|0')
  assert.equal(encode(''), '|""')
})

test('bytes of any length are what they were', () => {
  for (const length of [0, 1, 2, 3, 4, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7)
    assert.deepEqual(decode(encode(bytes)), bytes)
    assert.deepEqual(decode(encode(bytes.buffer)), bytes)
  }
})

describe('merge', () => {
  // RFC 7396, appendix A.
  for (const [target, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [undefined, { a: 1 }, { a: 1 }]
  ]) {
    test(`${JSON.stringify(target)} and ${JSON.stringify(patch)}`, () => {
      const before = JSON.stringify(target)
      assert.deepEqual(merge(target, patch), result)
      assert.equal(JSON.stringify(target), before)
    })
  }

  test('takes a member named __proto__ for a member', () => {
    const merged = merge({ a: 1 }, JSON.parse('{"__proto__":{"admin":true},"b":{"__proto__":{"admin":true}}}'))
    assert.equal(merged.admin, undefined)
    assert.equal(merged.b.admin, undefined)
    assert.deepEqual(Object.keys(merged), ['a', '__proto__', 'b'])
    assert.equal({}.admin, undefined)
  })
})
