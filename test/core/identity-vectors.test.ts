import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex } from '../../src/base/index.ts'
import {
  checkHello, decodeCertificate, decodeCharter, decodeStatement, decodeTicket, membershipOf, type Membership
} from '../../src/core/identity/index.ts'
import { codeOf, valueOf } from './identity.fixture.ts'

type Case = {
  readonly kind: 'certificate' | 'statement' | 'charter' | 'revocation' | 'hello' | 'ticket'
  readonly name: string
  /** `ok` or the code of the failure. */
  readonly expect: string
  readonly bytes?: string
  readonly text?: string
  readonly id?: string
  readonly timeMs?: number
  readonly nowMs?: number
  readonly peerId?: string
}

type Vectors = {
  readonly federation: {
    readonly charter: string
    readonly certificates: readonly string[]
    readonly revocations: readonly string[]
    readonly nowMs: number
  }
  readonly cases: readonly Case[]
}

function bytesOf (text: string): Uint8Array {
  return bytesOfHex(text) ?? assert.fail('a vector is not in hex')
}

describe('identity: frozen vectors', () => {
  const { federation, cases } = JSON.parse(readFileSync('test/vectors/identity.json', 'utf8')) as Vectors
  const founded = federation.certificates.reduce<Membership>(
    (held, envelope) => valueOf(held.withCertificate(bytesOf(envelope), federation.nowMs)),
    membershipOf(valueOf(decodeCharter(bytesOf(federation.charter))))
  )
  const held = federation.revocations.reduce<Membership>((before, envelope) => valueOf(before.withRevocation(bytesOf(envelope))), founded)

  /** The code, and the id where the structure has one. */
  const judge = (each: Case): readonly [code: string, id?: string] => {
    const bytes = bytesOf(each.bytes ?? '')
    switch (each.kind) {
      case 'certificate': {
        const read = decodeCertificate(bytes)
        return read.ok ? ['ok', read.value.id.toString()] : [read.failure.code]
      }
      case 'charter': {
        const read = decodeCharter(bytes)
        return read.ok ? ['ok', read.value.federation.toString()] : [read.failure.code]
      }
      case 'statement': {
        const read = decodeStatement(bytes, 1024)
        return read.ok ? [codeOf(held.speaker(read.value, each.timeMs ?? 0)), read.value.id.toString()] : [read.failure.code]
      }
      case 'ticket': {
        const read = decodeTicket(each.text ?? '', each.nowMs ?? 0)
        return read.ok ? ['ok', read.value.id.toString()] : [read.failure.code]
      }
      case 'revocation': return [codeOf(founded.withRevocation(bytes))]
      case 'hello': return [codeOf(checkHello(held, each.peerId ?? '', bytes, each.nowMs ?? 0))]
    }
  }

  for (const each of cases) {
    it(`${each.kind}, ${each.name}: ${each.expect}`, () => {
      const [code, id] = judge(each)
      assert.equal(code, each.expect)
      if (each.id !== undefined) assert.equal(id, each.id)
    })
  }
})
