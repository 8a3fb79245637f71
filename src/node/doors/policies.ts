import { hex, ok, sha256, textOf, unreachable, type Result } from '../../base/index.ts'
import type { Did } from '../../core/identity/index.ts'
import {
  coarser, compile, formOfPolicy, isReleased, isWithinSource, readPolicy,
  type CompiledPolicy, type DerivationBounds, type Facts, type Policy, type PolicyFailure, type TermsForm
} from '../../core/terms/index.ts'

/** What reads policies and decides by them: `core/terms`. */
export type Engine = {
  readonly read: (json: unknown) => Result<Policy, PolicyFailure>
  readonly compile: (policy: Policy) => CompiledPolicy
  /** Undefined where a policy says what no form can. */
  readonly formOf: (policy: Policy) => Pick<TermsForm, 'audience'> | undefined
  /** Bounds of what was made of something with bounds. */
  readonly coarser: (source: DerivationBounds | null, made: DerivationBounds | null) => DerivationBounds | null
  /** Whether a source lets results like these be published, and so says no more. */
  readonly isReleased: (source: ReadyPolicy, made: DerivationBounds | null) => boolean
  /** Whether an offer is no wider than what a source allows to be passed on. */
  readonly isWithinSource: (offer: Policy, source: Policy) => boolean
}

/** The rules of `core/terms`. */
export const TERMS_ENGINE: Engine = {
  read: readPolicy, compile, formOf: formOfPolicy, coarser, isReleased, isWithinSource: (offer, source) => isWithinSource(offer, source) === 'satisfied'
}

export type ReadyPolicy = { readonly policy: Policy, readonly compiled: CompiledPolicy }

const COMPILED_POLICIES_MAX = 10_000

/** Policies made ready to decide, by the bytes they are carried as; of many the latest used are kept. */
export class Policies {
  readonly #engine: Engine
  readonly #ready = new Map<string, Result<ReadyPolicy, PolicyFailure>>()
  /** The same for bytes that were looked at before: hashing them takes longer than deciding. */
  readonly #known = new WeakMap<Uint8Array, Result<ReadyPolicy, PolicyFailure>>()

  constructor (engine: Engine) {
    this.#engine = engine
  }

  of (bytes: Uint8Array): Result<ReadyPolicy, PolicyFailure> {
    const known = this.#known.get(bytes)
    if (known !== undefined) return known
    const name = hex(sha256(bytes))
    const ready = this.#ready.get(name) ?? this.#make(bytes)
    this.#ready.delete(name)
    this.#ready.set(name, ready)
    const [oldest] = this.#ready.keys()
    this.#known.set(bytes, ready)
    if (this.#ready.size > COMPILED_POLICIES_MAX && oldest !== undefined) this.#ready.delete(oldest)
    return ready
  }

  #make (bytes: Uint8Array): Result<ReadyPolicy, PolicyFailure> {
    const json = jsonOf(bytes)
    const policy = json.ok ? this.#engine.read(json.value) : json
    return policy.ok ? ok({ policy: policy.value, compiled: this.#engine.compile(policy.value) }) : policy
  }
}

function jsonOf (bytes: Uint8Array): Result<unknown, PolicyFailure> {
  try {
    return ok(JSON.parse(textOf(bytes) ?? '') as unknown)
  } catch {
    return { ok: false, failure: { code: 'malformed', position: '', reason: 'the terms are no JSON in UTF-8' } }
  }
}

/** Whether clause 1 names a member; where no form can say what it does, nobody is. */
export function isRecipient (form: Pick<TermsForm, 'audience'> | undefined, member: Did, membership: Facts['membership']): boolean {
  if (form === undefined || membership?.status !== 'active') return false
  const { audience } = form
  switch (audience.type) {
    case 'anyone': return true
    case 'members': return audience.federation === membership.federation
    case 'named': return audience.members.includes(member)
    case 'classes': return audience.classes.some(each => membership.classes?.includes(each) === true)
    default: return unreachable(audience)
  }
}
