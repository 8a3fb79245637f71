/**
 * Verifies a light proof offline, with nothing but the federation's charter: no node, no network, no clock. A page to read for
 * whoever wants to know what trust in a record rests on; it needs the rooms base and core alone.
 *
 *   node scripts/verifier.ts charter.bin proof.bin
 *
 * Prints what is proved, or why nothing is, and ends with 0 or 1.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { hex } from '../src/base/index.ts'
import { decodeCharter } from '../src/core/identity/index.ts'
import { verifyLightProof, type LightFacts } from '../src/core/light/index.ts'

const [, , charterPath, proofPath] = process.argv

process.exitCode = charterPath === undefined || proofPath === undefined ? usage() : verify(charterPath, proofPath)

function usage (): number {
  process.stderr.write('usage: node scripts/verifier.ts <charter file> <proof file>\n')
  return 1
}

function verify (charter: string, proof: string): number {
  const decoded = decodeCharter(readFileSync(charter))
  if (!decoded.ok) return refused(`the charter is not signed by its founders: ${decoded.failure.code}`)
  const verified = verifyLightProof(decoded.value, readFileSync(proof))
  if (!verified.ok) return refused(`the proof does not hold: ${verified.failure.code}`)
  process.stdout.write(`${JSON.stringify({ federationName: decoded.value.name, ...printable(verified.value) }, null, 2)}\n`)
  return 0
}

function refused (reason: string): number {
  process.stderr.write(`${reason}\n`)
  return 1
}

function printable (facts: LightFacts): Readonly<Record<string, unknown>> {
  const { kind, epoch, height, timeMs } = facts
  const place = { kind, federation: facts.federation.toString(), epoch, height, time: new Date(timeMs).toISOString(), timeMs }
  switch (facts.kind) {
    case 'record': {
      const { key, timeMs: observedMs, operation, mediaType, body } = facts.record
      return {
        ...place, publisher: facts.publisher, datasetId: facts.datasetId, feed: facts.feed.toString(), number: facts.number,
        record: { key: hex(key), timeMs: observedMs, operation, mediaType, body: Buffer.from(body).toString('base64') }
      }
    }
    case 'operation':
      return { ...place, author: facts.author, operation: hex(facts.operation), transaction: hex(facts.transaction) }
    case 'state':
      return { ...place, key: hex(facts.key), value: facts.value === null ? null : hex(facts.value) }
  }
}
