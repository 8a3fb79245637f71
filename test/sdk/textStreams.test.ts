import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { utf8 } from '../../src/base/index.ts'
import { eventBytes, eventsOf, linesOf, StreamBroken } from '../../src/sdk/index.ts'

async function * cut (bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

describe('text streams', () => {
  it('gives back lines, however the bytes are cut', async () => {
    const text = fc.string({ unit: 'binary' }).map(each => each.replaceAll(/[\r\n]/g, '').toWellFormed())
    await fc.assert(fc.asyncProperty(fc.array(text), fc.array(fc.nat(9)), async (lines, sizes) => {
      const stream = cut(utf8(lines.map(line => `${line}\n`).join('')), sizes)
      assert.deepEqual(await Array.fromAsync(linesOf(stream)), lines.filter(line => line !== ''))
    }))
  })

  it('reads a last line without an end, and ends with CR LF', async () => {
    assert.deepEqual(await Array.fromAsync(linesOf(cut(utf8('one\r\n\r\ntwo'), [2, 3]))), ['one', 'two'])
  })

  it('refuses a line beyond the limit and bytes that are no text', async () => {
    await assert.rejects(Array.fromAsync(linesOf(cut(utf8('x'.repeat(20)), [5, 5]), 10)), StreamBroken)
    await assert.rejects(Array.fromAsync(linesOf(cut(new Uint8Array([0xff, 10]), []))), StreamBroken)
  })

  it('reads the events it writes and hears heartbeats', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(), fc.json())), fc.array(fc.nat(9)), async (values, sizes) => {
      let heartbeats = 0
      const written = Buffer.concat(values.flatMap(([id, value]) => [eventBytes(String(id), 'record', value), utf8(': here\n\n')]))
      const read = await Array.fromAsync(eventsOf(cut(written, sizes), () => { heartbeats++ }))
      assert.deepEqual(read, values.map(([id, value]) => ({ id: String(id), event: 'record', data: JSON.stringify(value) })))
      assert.equal(heartbeats, values.length)
    }))
  })
})
