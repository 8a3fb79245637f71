import { cidOf, concat, leafHash, merkleRoot, utf8, type CID } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, MESSAGE_KINDS, type Message, type MessageKind, type Status } from '../../src/core/consensus/index.ts'
import {
  encodeEvidence, FINALIZE, FLUSH, makeBlock, NOTARIZE, NULLIFY, PROPOSE, type Block, type Cert, type CertType, type Digest, type FinalityProof, type Just, type Vote, type VoteType
} from '../../src/core/finality/index.ts'
import { randomBytes } from '../base/mutate.fixture.ts'
import { codecCase, type CodecCase } from './codecs.fixture.ts'

type Chance = () => number

const BODY_BYTES_MAX = 4_096

const FEDERATION: CID = cidOf('dagCbor', utf8('a federation for examples'))

const upTo = (random: Chance, max: number): number => Math.floor(random() * (max + 1))
const several = <E>(random: Chance, max: number, make: () => E): readonly E[] => Array.from({ length: upTo(random, max) }, make)

function exampleVote (random: Chance): Vote {
  const type = ([PROPOSE, NOTARIZE, NULLIFY, FINALIZE] as const satisfies readonly VoteType[])[upTo(random, 3)] ?? NULLIFY
  return {
    epoch: upTo(random, 500), view: 1 + upTo(random, 100_000), type, digest: type === NULLIFY ? null : randomBytes(random, 32), signer: upTo(random, 30),
    signature: randomBytes(random, 64)
  }
}

function exampleCert (random: Chance, of?: CertType): Cert {
  const type = of ?? ([NOTARIZE, NULLIFY, FINALIZE] as const)[upTo(random, 2)] ?? NULLIFY
  const quorum = 3
  return {
    epoch: upTo(random, 500), view: 1 + upTo(random, 100_000), type, digest: type === NULLIFY ? null : randomBytes(random, 32), bitmap: new Uint8Array([0b1011]),
    signatures: concat(Array.from({ length: quorum }, () => randomBytes(random, 64)))
  }
}

function exampleBlock (random: Chance): Block {
  const just: Just = { parentCert: random() < 0.3 ? null : exampleCert(random, NOTARIZE), nulls: several(random, 3, () => exampleCert(random, NULLIFY)) }
  const hash = (): Digest => randomBytes(random, 32)
  return makeBlock({
    federation: FEDERATION, epoch: upTo(random, 500), view: 2 + upTo(random, 1_000), height: 1 + upTo(random, 1_000), parent: hash(), parentView: 1, timeMs: upTo(random, 2 ** 41),
    proposer: upTo(random, 30), type: FLUSH, validatorsHash: hash(), bodyRoot: hash(), stateRoot: hash(), logRoot: merkleRoot([leafHash(hash())]), seal: null, just,
    evidence: several(random, 2, () => randomBytes(random, 1 + upTo(random, 40))), body: randomBytes(random, upTo(random, 200))
  })
}

function exampleProof (random: Chance): FinalityProof {
  return { headers: [exampleBlock(random).bytes, ...several(random, 2, () => exampleBlock(random).bytes)], cert: exampleCert(random, FINALIZE) }
}

function exampleStatus (random: Chance): Status {
  const bitmap = (): Uint8Array => randomBytes(random, 1)
  return {
    epoch: upTo(random, 500), view: 1 + upTo(random, 1_000), finHeight: upTo(random, 1_000), finView: upTo(random, 1_000),
    finCert: random() < 0.5 ? null : exampleCert(random, FINALIZE), entryCert: random() < 0.5 ? null : exampleCert(random), tipView: upTo(random, 1_000),
    proposal: random() < 0.5 ? null : randomBytes(random, 32), haveN: bitmap(), haveX: bitmap(), haveF: bitmap(), connected: bitmap(),
    pending: several(random, 3, () => randomBytes(random, 32))
  }
}

function exampleEvidence (random: Chance): Uint8Array {
  const [vote, other] = [exampleVote(random), randomBytes(random, 32)]
  const [first, second] = [{ ...vote, type: FINALIZE, digest: randomBytes(random, 32) }, { ...vote, type: FINALIZE, digest: other }] as const
  return encodeEvidence({ kind: 'double-finalize', first, second })
}

/** One example of every kind of message, by chance. */
export const EXAMPLES: { readonly [K in MessageKind]: (random: Chance) => Extract<Message, { kind: K }> } = {
  vote: random => ({ kind: 'vote', vote: exampleVote(random) }),
  cert: random => ({ kind: 'cert', cert: exampleCert(random) }),
  proposal: random => ({ kind: 'proposal', block: exampleBlock(random), signature: randomBytes(random, 64) }),
  status: random => ({ kind: 'status', status: exampleStatus(random) }),
  getBlock: random => ({ kind: 'getBlock', digest: randomBytes(random, 32) }),
  block: random => ({ kind: 'block', block: exampleBlock(random) }),
  getCerts: random => ({ kind: 'getCerts', epoch: upTo(random, 500), fromView: upTo(random, 1_000), toView: upTo(random, 1_000) }),
  certs: random => ({ kind: 'certs', certs: several(random, 4, () => exampleCert(random)) }),
  getVotesOf: () => ({ kind: 'getVotesOf' }),
  votesOf: random => ({
    kind: 'votesOf', newest: random() < 0.5 ? null : exampleVote(random),
    instances: several(random, 3, () => ({ instance: randomBytes(random, 16), firstAgoMs: upTo(random, 60_000), lastAgoMs: upTo(random, 60_000) }))
  }),
  getRange: random => ({ kind: 'getRange', fromHeight: upTo(random, 1_000), max: upTo(random, 64) }),
  range: random => random() < 0.2
    ? { kind: 'range', blocks: [], proof: null }
    : { kind: 'range', blocks: [exampleBlock(random), ...several(random, 2, () => exampleBlock(random))], proof: exampleProof(random) },
  getSeals: random => ({ kind: 'getSeals', fromEpoch: upTo(random, 500) }),
  seals: random => ({ kind: 'seals', proofs: several(random, 2, () => exampleProof(random)) }),
  getTx: random => ({ kind: 'getTx', ids: several(random, 5, () => randomBytes(random, 32)) }),
  putTx: random => ({ kind: 'putTx', transactions: several(random, 3, () => randomBytes(random, 1 + upTo(random, 100))) }),
  evidence: random => ({ kind: 'evidence', evidence: exampleEvidence(random) })
}

/** As the tests of all kinds want them. */
export const consensusCodecs: Readonly<Record<string, CodecCase>> = Object.fromEntries(MESSAGE_KINDS.map(kind => (
  [kind, codecCase<Message>(encodeMessage, encoded => decodeMessage(encoded, BODY_BYTES_MAX), EXAMPLES[kind])])))
