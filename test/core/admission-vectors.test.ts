import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import { bytesOfHex } from '../../src/base/index.ts'
import {
  candidateStep, decodeAdmissionAnswer, decodeCandidate, encodeCandidate, openReception, receptionStep, startCandidate, withTicket,
  type ReceptionStep, type Standing
} from '../../src/core/admission/index.ts'
import { decodeCharter, decodeTicketEnvelope } from '../../src/core/identity/index.ts'
import { certificateOf, cityNamed, valueOf } from './identity.fixture.ts'

type Case = {
  readonly message: 'request' | 'answer'
  readonly name: string
  readonly standing?: Standing['type']
  /** The state of the answer or the code of the refusal; of an answer what comes of it. */
  readonly expect: string
  readonly id?: string
  readonly bytes: string
}
type Vectors = {
  readonly charter: string, readonly ticket: string, readonly first: string, readonly nowMs: number, readonly cases: readonly Case[]
}

const bytesOf = (text: string): Uint8Array => bytesOfHex(text) ?? assert.fail('a vector is not in hex')

describe('admission: frozen vectors', () => {
  const { charter: envelope, ticket: given, first, nowMs, cases } = JSON.parse(readFileSync('test/vectors/admission.json', 'utf8')) as Vectors
  const charter = valueOf(decodeCharter(bytesOf(envelope)))
  const ticket = decodeTicketEnvelope(bytesOf(given)) ?? assert.fail('the ticket is none')
  const proposal = new Uint8Array(32)
  const ask = (state: Parameters<typeof receptionStep>[0], request: Uint8Array, type: Standing['type'] = 'none'): ReceptionStep => receptionStep(state, request, {
    nowMs, standingOf: () => type === 'voting' || type === 'rejected' ? { type, proposal } : { type }, memberOfTransport: () => undefined,
    welcome: () => ({ charter: charter.envelope, checkpoint: null, members: [] })
  })
  const { state } = ask(withTicket(openReception(charter.federation), ticket, nowMs), bytesOf(first))
  const dor = cityNamed('Dor')
  const candidate = startCandidate({
    ticket, name: 'Dor', certificate: certificateOf(dor, charter.federation), consensusKey: dor.consensus.publicKey, addresses: ['/dns4/dor/tcp/4001']
  }, dor.root)

  it('an applicant sends the frozen application', () => {
    assert.deepEqual(candidate.apply, bytesOf(first))
    assert.deepEqual(decodeCandidate(encodeCandidate(candidate)), candidate)
  })

  for (const each of cases) {
    it(`${each.message}, ${each.name}: ${each.expect}`, () => {
      if (each.message === 'answer') {
        const { outcome } = candidateStep(candidate, bytesOf(each.bytes))
        assert.equal('code' in outcome ? outcome.code : outcome.type, each.expect)
        return
      }
      const answer = valueOf(decodeAdmissionAnswer(ask(state, bytesOf(each.bytes), each.standing).answer))
      assert.equal(answer.state === 'refused' ? answer.code : answer.state, each.expect)
      if (each.id !== undefined) assert.equal(answer.state === 'applied' ? answer.application.toString() : undefined, each.id)
    })
  }
})
