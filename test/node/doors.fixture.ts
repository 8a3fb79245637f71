import { utf8 } from '../../src/base/index.ts'
import type { Clock } from '../../src/host/index.ts'
import type { AssetFacts, StandingAgreement } from '../../src/node/doors/index.ts'
import type { DoorDecision } from '../../src/node/doors/index.ts'
import { ada, ben, membership, NOW_MS } from '../core/feed.fixture.ts'

export const WASTE = 'urn:hanse:purpose:1:waste.collection'
export const NOISE = 'urn:hanse:purpose:1:environment.noise'
const PROFILE = 'urn:hanse:terms:1'

/** A clock that moves when it is told to, and wakes whom it promised to. */
export function movingClock (startMs: number): Clock & { advance (ms: number): void } {
  let now = startMs
  let waiting: { readonly atMs: number, readonly wake: () => void }[] = []
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    wake (afterMs, wake) {
      const each = { atMs: now + afterMs, wake }
      waiting.push(each)
      return () => { waiting = waiting.filter(other => other !== each) }
    },
    advance (ms) {
      const end = now + ms
      for (;;) {
        const [next] = waiting.filter(({ atMs }) => atMs <= end).toSorted((a, b) => a.atMs - b.atMs)
        if (next === undefined) break
        now = Math.max(now, next.atMs)
        waiting = waiting.filter(other => other !== next)
        next.wake()
      }
      now = end
    }
  }
}

type Json = Readonly<Record<string, unknown>>

/** The bytes of a policy: `use` by these constraints and duties, and whatever else is given. */
export function policyOf (constraint: readonly Json[], more: Json = {}, duty: readonly Json[] = []): Uint8Array {
  const permission = { action: 'use', ...constraint.length > 0 ? { constraint } : {}, ...duty.length > 0 ? { duty } : {} }
  return utf8(JSON.stringify({ profile: PROFILE, permission: [permission], ...more }))
}

export const FOR_BEN: Json = { leftOperand: 'odrl:recipient', operator: 'isAnyOf', rightOperand: [ben.did] }
export const FOR_WASTE: Json = { leftOperand: 'odrl:purpose', operator: 'isAnyOf', rightOperand: [WASTE] }
export const FOR_MEMBERS: Json = { leftOperand: 'odrl:recipient', operator: 'isPartOf', rightOperand: `urn:hanse:federation:${membership.federation.toString()}` }
export const NOT_PASSED_ON: Json = { prohibition: [{ action: 'odrl:distribute' }] }

export function agreementOf (changes: Partial<StandingAgreement> = {}): StandingAgreement {
  return {
    id: 'urn:uuid:00000000-0000-4000-8000-000000000001', provider: ada.did, consumer: ben.did, datasetId: 'bins', purpose: WASTE,
    policy: policyOf([FOR_BEN, FOR_WASTE]), inForceFromMs: NOW_MS - 1_000, commit: null, revokedAtMs: null, stalenessMaxMs: null, duties: [], endedHere: false, ...changes
  }
}

export function restricted (policy: Uint8Array, changes: Partial<AssetFacts> & { readonly replicas?: 'members' | 'recipients' | 'nobody' } = {}): AssetFacts {
  const { replicas = 'nobody', ...more } = changes
  return {
    access: 'restricted', sources: [], derivation: null, viewers: 'members',
    terms: { policy, salt: new Uint8Array(32), visibility: 'members', replicas, legalNotice: null }, ...more
  }
}

export function codesOf ({ allow, reasons }: DoorDecision): readonly string[] {
  return allow ? ['allowed'] : reasons.map(({ code }) => code)
}
