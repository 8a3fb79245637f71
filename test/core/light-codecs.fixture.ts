import { cidOf, decodeMapProof, encodeMapProof, type MapProof } from '../../src/base/index.ts'
import type { FinalityProof } from '../../src/core/finality/index.ts'
import { decodeLightProof, encodeLightProof, type LightProof, type OlderBlock, type OperationPlace, type StateProof, type Subject } from '../../src/core/light/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { codecCase, listOf, pick, someCert, someUint, type CodecCase, type Random } from './codecs.fixture.ts'

const hash = (random: Random): Uint8Array => randomBytes(random, 32)
const short = (random: Random): Uint8Array => randomBytes(random, 1 + someUint(random, 80))
const some = <T>(make: (random: Random) => T) => (random: Random): T | null => random() < 0.5 ? null : make(random)

const mapProof = (random: Random): MapProof => ({
  other: some(each => ({ keyHash: hash(each), valueHash: hash(each) }))(random), path: listOf(random, 8, each => ({ bit: someUint(each, 255), sibling: hash(each) }))
})
const finality = (random: Random): FinalityProof => ({ headers: [short(random), ...listOf(random, 2, short)], cert: someCert(random) })
const older = (random: Random): OlderBlock => ({ header: short(random), path: listOf(random, 6, hash) })
const place = (random: Random): OperationPlace => ({
  operation: short(random), index: someUint(random, 255), path: listOf(random, 8, hash),
  transaction: { body: short(random), cert: cidOf(pick(random, ['dagCbor', 'raw']), short(random)), signature: randomBytes(random, 64) },
  bodyPath: { turns: someUint(random, 2 ** 31), siblings: listOf(random, 8, hash) }
})
const state = (random: Random): StateProof => ({ key: short(random), value: some(short)(random), proof: encodeMapProof(mapProof(random)) })

function subject (random: Random): Subject {
  switch (pick(random, ['record', 'operation', 'state'] as const)) {
    case 'operation': return { kind: 'operation', older: some(older)(random), place: place(random) }
    case 'state': return { kind: 'state', state: state(random) }
    case 'record': return {
      kind: 'record', older: some(older)(random), place: place(random), declaration: short(random), certificates: [short(random), ...listOf(random, 1, short)],
      member: some(state)(random),
      record: {
        leafData: randomBytes(random, 80), index: someUint(random), path: listOf(random, 6, hash), position: someUint(random, 4_095), salt: hash(random),
        record: {
          key: short(random), timeMs: someUint(random), operation: pick(random, ['put', 'delete']), mediaType: pick(random, ['text/csv', 'application/json']),
          body: randomBytes(random, someUint(random, 200))
        },
        recordPath: listOf(random, 12, hash)
      }
    }
  }
}

const lightProof = (random: Random): LightProof => ({ seals: listOf(random, 3, finality), finality: finality(random), subject: subject(random) })

/** What is shown to others offline: proofs of the authenticated map, and light proofs. */
export const lightCodecs: Readonly<Record<string, CodecCase>> = {
  'map proof': codecCase(encodeMapProof, decodeMapProof, mapProof),
  'light proof': codecCase(encodeLightProof, decodeLightProof, lightProof)
}
