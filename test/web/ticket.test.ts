import { strict as assert } from 'node:assert'
import { codeOf } from '../../src/web/ticket/code.ts'
import { modulesOfPath, readQr } from '../support/qr.ts'

const QUIET = 4
const ticketOf = (length: number): string => `hanse1${Array.from({ length }, (_, at) => 'abcdefghijklmnopqrstuvwxyz234567'[at * 7 % 32]).join('')}`

describe('the QR code of a ticket', () => {
  it('holds the ticket, for short ones and for the longest there are', () => {
    for (const length of [20, 100, 333, 500, 800, 2_048]) {
      const { path, size } = codeOf(ticketOf(length))
      assert.equal(readQr(modulesOfPath(path, QUIET, size)).toLowerCase(), ticketOf(length))
    }
  })

  it('is smaller in capitals than it would be in bytes: 500 characters take version 12, 65 modules a side, not 15', () => {
    assert.equal(codeOf(ticketOf(500 - 6)).size, 65 + 2 * QUIET)
  })

  it('would be found wrong by one module', () => {
    const { path, size } = codeOf(ticketOf(300))
    const modules = modulesOfPath(path, QUIET, size).map(row => [...row])
    const [x, y] = [modules.length - 1, modules.length - 1]
    const row = modules[y] ?? assert.fail()
    row[x] = row[x] !== true
    assert.throws(() => readQr(modules), /does not fit its correction/)
  })
})
