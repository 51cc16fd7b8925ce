// What the tests of both clients say, and how they wait.
import assert from 'node:assert/strict'

/** Text with all that is easily broken on its way. Half of a surrogate pair cannot be said in UTF-8: it comes back as U+FFFD. */
export const texts = [
  ['', ''],
  ['hello', 'hello'],
  ['grüße 👋 👩‍👩‍👧‍👦 \u{10ffff}', 'grüße 👋 👩‍👩‍👧‍👦 \u{10ffff}'],
  ['lines\nand\r\nmore \u2028 \u2029 \u0085', 'lines\nand\r\nmore \u2028 \u2029 \u0085'],
  ['controls \u0000\u0001\u001f\u007f\u200c\u202e\ufff0\ufeff', 'controls \u0000\u0001\u001f\u007f\u200c\u202e\ufff0\ufeff'],
  ['"quotes" \\ and \\n %41 &amp; </script><!--', '"quotes" \\ and \\n %41 &amp; </script><!--'],
  ['like frames: a["b"] c[3000,"no"] 4hi b6 o h', 'like frames: a["b"] c[3000,"no"] 4hi b6 o h'],
  ['half \ud83d of a pair', 'half \ufffd of a pair'],
  ['the other \udc4b half', 'the other \ufffd half']
]

/** Text of so many bytes of UTF-8. @param {number} bytes */
export const long = bytes => 'grüße 👋\n'.repeat(Math.ceil(bytes / 14)).slice(0, -1)

/** A list that can be waited for. */
export class Heard {
  /** @type {any[]} */
  all = []
  #wake = () => {}

  /** @param {any} what */
  add = what => {
    this.all.push(what)
    this.#wake()
  }

  /** Waits for so many, and returns all. @param {number} n */
  async first(n) {
    while (this.all.length < n) await new Promise(resolve => { this.#wake = () => resolve(undefined) })
    return this.all
  }

  /** Waits for these, and fails if others came. @param {any[]} want */
  async are(want) {
    assert.deepEqual(await this.first(want.length), want)
  }
}
