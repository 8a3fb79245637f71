import { hex } from '../../base/index.ts'
import { FINALIZE, type Block } from '../../core/finality/index.ts'
import type { Engine } from '../ground/index.ts'
import { ownVotes } from './canonical.ts'
import type { Stage } from './stage.ts'

/** Of any two final blocks of honest nodes one descends from the other. */
export function agreementOf (honest: readonly Engine[], blocks: ReadonlyMap<string, Block>): readonly string[] {
  return honest.flatMap(({ final: a }, at) => honest.slice(at + 1).flatMap(({ final: b }) => {
    const [low, high] = a.height <= b.height ? [a, b] : [b, a]
    let [name, height] = [high.name, high.height]
    while (height > low.height) {
      const block = blocks.get(name)
      if (block === undefined) return [`block ${name.slice(0, 6)} is final and nobody said it`]
      name = hex(block.header.parent)
      height--
    }
    return name === low.name ? [] : [`blocks ${a.name.slice(0, 6)} and ${b.name.slice(0, 6)} are final at heights ${a.height} and ${b.height} and exclude each other`]
  }))
}

/**
 * Whoever holds a block to be final has a certificate of a quorum, and the honest ones of it did sign. Each ancestor up to the base
 * was certified in its child, and each view between was given up by a quorum: by reading, not by the engine's own predicates.
 */
export function justifiedOf (stage: Stage, honest: readonly Engine[], blocks: ReadonlyMap<string, Block>): readonly string[] {
  return honest.flatMap(({ final: { proof, view, name } }) => {
    if (proof === null) return []
    const { cert } = proof
    const signers = stage.actors.filter(({ signer }) => isIn(cert.bitmap, signer))
    const missing = signers.filter(({ isHonest, signer }) => {
      if (!isHonest) return false
      const engine = honest.find(({ epoch }) => epoch.me === signer)
      return engine === undefined || !(engine.final.view >= cert.view ||
        ownVotes(engine).some(vote => vote.type === FINALIZE && vote.view === cert.view && hex(vote.digest ?? new Uint8Array(0)) === hex(cert.digest ?? new Uint8Array(0))))
    })
    const count = new Set(signers.map(({ signer }) => signer)).size
    return [
      ...missing.map(({ label }) => `view ${view} is final by a vote that ${label} did not give`),
      ...count < stage.quorum ? [`view ${view} is final by ${count} of ${stage.quorum}`] : [],
      ...chainOf(stage, name, blocks)
    ]
  })
}

const sound = new WeakMap<Stage, Set<string>>()

function chainOf (stage: Stage, name: string, blocks: ReadonlyMap<string, Block>): readonly string[] {
  const known = sound.get(stage) ?? new Set<string>()
  sound.set(stage, known)
  const base = hex(stage.baseDigest)
  for (let at = name; at !== base && !known.has(at);) {
    const block = blocks.get(at)
    if (block === undefined) return [`block ${at.slice(0, 6)} is final and nobody said it`]
    const { header, just: { parentCert, nulls } } = block
    const isCertified = header.parentView === 0
      ? hex(header.parent) === base && parentCert === null
      : parentCert !== null && parentCert.view === header.parentView && hex(parentCert.digest ?? new Uint8Array(0)) === hex(header.parent)
    const certs = parentCert === null ? nulls : [parentCert, ...nulls]
    const isQuorum = certs.every(({ bitmap }) => stage.engines[0]?.epoch.nodes.filter((_, signer) => isIn(bitmap, signer)).length === stage.quorum)
    const isGap = nulls.some((cert, index) => cert.view !== header.parentView + 1 + index || cert.digest !== null) || nulls.length !== header.view - header.parentView - 1
    if (!isCertified || !isQuorum || isGap) return [`block ${at.slice(0, 6)} at view ${header.view} is final and not justified`]
    known.add(at)
    at = hex(header.parent)
  }
  return []
}

const isIn = (bitmap: Uint8Array, signer: number): boolean => ((bitmap[signer >> 3] ?? 0) >> (signer & 7)) % 2 === 1
