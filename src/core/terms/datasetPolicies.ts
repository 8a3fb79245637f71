/** The policies that belong to a dataset and are never part of an offer: clause 14, and who may see that it exists. */
import { assert } from '../../base/index.ts'
import type { FeedClass } from '../decision/index.ts'
import { ACTION, readPolicy, TERMS_PROFILE, type Policy } from '../policy/index.ts'
import { audienceConstraints, rule } from './composing.ts'
import type { Audience, Replicas, TermsForm } from './form.ts'

/** Who may hold ciphertext: asked for `odrl:reproduce` of form `ciphertext`. `federation`: CID of the charter as text. */
export function policyOfReplicas (replicas: Replicas, audience: Audience, federation: string): Policy {
  if (replicas === 'nobody') return written({ prohibition: [rule(ACTION.reproduce, [])] })
  return written({ permission: [rule(ACTION.reproduce, audienceConstraints(replicas === 'members' ? { type: 'members', federation } : audience))] })
}

/** Who may see that a dataset exists: asked for `discover`. */
export function policyOfVisibility (audience: Audience): Policy {
  return written({ permission: [rule(ACTION.discover, audienceConstraints(audience))] })
}

function written (rules: Readonly<Record<string, unknown>>): Policy {
  const read = readPolicy({ profile: TERMS_PROFILE, ...rules })
  assert(read.ok, 'an audience that a form took makes a policy')
  return read.value
}

/**
 * The class of the feed that follows from a form. Open feeds, and those for all members with the charter standing for the
 * agreement, go without agreement and grant: so nothing may be set that only an agreement can hold somebody to.
 */
export function feedClassOf (form: TermsForm): FeedClass {
  const needsAgreement = form.purposes.length > 0 || form.fromMs !== null || form.untilMs !== null ||
    form.requestsPerDayMax !== null || form.requestsMax !== null || form.recordsPerDayMax !== null ||
    form.keep !== null || form.fee !== null || form.reportEveryMs !== null || form.informOnPublication ||
    form.storedIn.length > 0 || form.securityLevelMin !== null || form.emergency !== null
  if (needsAgreement) return 'restricted'
  return form.audience.type === 'anyone' ? 'public' : form.audience.type === 'members' ? 'members' : 'restricted'
}
