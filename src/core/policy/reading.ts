/**
 * Reads a policy in any spelling that a peer may use. What has no meaning is refused with its place; what has a meaning that
 * we do not know is kept, and makes what holds it unknown.
 */
import { assert, fail, isCid, ok, utf8, type Result } from '../../base/index.ts'
import {
  CONSTRAINTS_PER_RULE_MAX, FOREIGN_DEPTH_MAX, FOREIGN_MEMBERS_MAX, LIST_VALUES_MAX, NESTING_MAX, POLICY_BYTES_MAX, RULES_MAX, TEXT_BYTES_MAX
} from './limits.ts'
import { normalPolicy } from './normal.ts'
import type { Constraint, ForeignMembers, Logic, Policy, PolicyFailure, Rule } from './types.ts'
import { fullIri, HANSE_NS } from './vocabulary.ts'

const POLICY_MEMBERS = ['@context', '@id', '@type', 'profile', 'permission', 'prohibition', 'obligation', 'target', 'assigner', 'assignee', 'timestamp']
const PERMISSION_MEMBERS = ['@id', '@type', 'action', 'constraint', 'duty']
const RULE_MEMBERS = ['@id', '@type', 'action', 'constraint']
const ATOMIC_MEMBERS = ['@id', '@type', 'leftOperand', 'operator', 'rightOperand']
const LOGIC_MEMBERS = ['@id', '@type', 'and', 'or', 'xone', 'andSequence']
const LOGICS: readonly Logic[] = ['and', 'or', 'xone', 'andSequence']
const ATOMIC = ['leftOperand', 'operator', 'rightOperand']

type Members = ReadonlyMap<string, unknown>

/** Thrown within this file alone, so that every reader below returns what it reads; `readPolicy` turns it into a value. */
class Refused extends Error {
  readonly failure: PolicyFailure

  constructor (failure: PolicyFailure) {
    super(failure.reason)
    this.failure = failure
  }
}

export function readPolicy (json: unknown): Result<Policy, PolicyFailure> {
  try {
    return ok(new Reader().policy(json))
  } catch (error) {
    if (error instanceof Refused) return fail(error.failure)
    throw error
  }
}

class Reader {
  #rules = 0
  #constraints = 0
  /** Bytes of all texts, so that nothing much larger than a policy is ever built. */
  #bytes = 0

  policy (json: unknown): Policy {
    const members = membersOf(json, '', 'a policy')
    const prohibition = this.#rulesIn(members, 'prohibition', '', false)
    const permission = this.#rulesIn(members, 'permission', '', true)
    const obligation = this.#rulesIn(members, 'obligation', '', false)
    if (permission.length + prohibition.length === 0) {
      throw new Refused({ code: 'no-rule', position: '', reason: 'A policy has at least one permission or prohibition. One without any rule would say nothing, and is not read as allowing all.' })
    }
    const known = [...POLICY_MEMBERS, ...[...members.keys()].filter(name => name.startsWith(HANSE_NS))]
    const policy = normalPolicy({
      profile: this.#profiles(members), permissions: permission, prohibitions: prohibition, obligations: obligation,
      foreign: this.#foreign(members, known, '')
    })
    if (policy.sizeBytes > POLICY_BYTES_MAX) throw tooMuch('', 'policyBytesMax', POLICY_BYTES_MAX, 'bytes')
    return policy.policy
  }

  #profiles (members: Members): readonly string[] {
    const given = listOf(members.get('profile'))
    if (given.length > LIST_VALUES_MAX) throw tooMuch('/profile', 'listValuesMax', LIST_VALUES_MAX, 'profiles')
    return given.map((each, at) => this.#text(idOf(each), at === 0 && given.length === 1 ? '/profile' : `/profile/${at}`, 'a profile'))
  }

  #rulesIn (members: Members, name: string, above: string, isPermission: boolean): readonly Rule[] {
    return placed(members.get(name), `${above}/${name}`).map(({ value, position }) => this.#rule(value, position, isPermission))
  }

  #rule (json: unknown, position: string, isPermission: boolean): Rule {
    if (++this.#rules > RULES_MAX) throw tooMuch(position, 'rulesMax', RULES_MAX, 'rules and duties')
    const members = membersOf(json, position, 'a rule')
    if (!members.has('action')) throw malformed(position, 'A rule needs an action.')
    this.#constraints = 0
    return {
      position,
      action: fullIri(this.#text(idOf(members.get('action')), `${position}/action`, 'an action')),
      constraints: this.#constraintsIn(members.get('constraint'), `${position}/constraint`, 1),
      duties: isPermission ? this.#rulesIn(members, 'duty', position, false) : [],
      foreign: this.#foreign(members, isPermission ? PERMISSION_MEMBERS : RULE_MEMBERS, position)
    }
  }

  #constraintsIn (json: unknown, above: string, depth: number): readonly Constraint[] {
    return placed(json, above).map(({ value, position }) => this.#constraint(value, position, depth))
  }

  #constraint (json: unknown, position: string, depth: number): Constraint {
    if (depth > NESTING_MAX) throw tooMuch(position, 'nestingMax', NESTING_MAX, 'levels of constraints')
    if (++this.#constraints > CONSTRAINTS_PER_RULE_MAX) throw tooMuch(position, 'constraintsPerRuleMax', CONSTRAINTS_PER_RULE_MAX, 'constraints in one rule')
    const members = membersOf(json, position, 'a constraint')
    const logics = LOGICS.filter(name => members.has(name))
    const [type] = logics
    if (type === undefined) return this.#atomic(members, position)
    if (logics.length > 1 || ATOMIC.some(name => members.has(name))) {
      throw malformed(position, 'A constraint has either leftOperand, operator and rightOperand, or exactly one of and, or, xone, andSequence.')
    }
    const operands = this.#constraintsIn(members.get(type), `${position}/${type}`, depth + 1)
    if (operands.length === 0) throw malformed(`${position}/${type}`, `"${type}" of nothing would always or never hold: give it constraints.`)
    return { type, position, operands, foreign: this.#foreign(members, LOGIC_MEMBERS, position) }
  }

  #atomic (members: Members, position: string): Constraint {
    const missing = ATOMIC.find(name => !members.has(name))
    if (missing !== undefined) throw malformed(position, `A constraint needs ${missing}.`)
    const right = this.#rightOperand(members.get('rightOperand'), `${position}/rightOperand`)
    return {
      type: 'atomic',
      position,
      leftOperand: fullIri(this.#text(idOf(members.get('leftOperand')), `${position}/leftOperand`, 'a left operand')),
      operator: fullIri(this.#text(idOf(members.get('operator')), `${position}/operator`, 'an operator')),
      rightOperand: right ?? [],
      foreign: this.#foreign(members, right === undefined ? ATOMIC_MEMBERS.filter(name => name !== 'rightOperand') : ATOMIC_MEMBERS, position)
    }
  }

  /** Its values, or undefined for a form of value that we do not know: then it is kept as it is. */
  #rightOperand (json: unknown, position: string): readonly string[] | undefined {
    const isList = Array.isArray(json)
    const given = listOf(json)
    if (given.length === 0) throw malformed(position, 'A right operand needs at least one value: compared with nothing, a constraint would always or never hold.')
    if (given.length > LIST_VALUES_MAX) throw tooMuch(position, 'listValuesMax', LIST_VALUES_MAX, 'values')
    const values: string[] = []
    for (const [at, each] of given.entries()) {
      const place = isList ? `${position}/${at}` : position
      if (typeof each === 'number' || typeof each === 'boolean') {
        throw malformed(place, `A right operand is text, never a bare ${typeof each}: write "${String(each)}" in quotes.`)
      }
      const value = valueOf(each)
      if (value === undefined) {
        if (typeof each !== 'object' || each === null) throw malformed(place, 'A right operand is text, an object or a list of them.')
        return undefined
      }
      values.push(this.#text(value, place, 'a value'))
    }
    return values
  }

  #text (value: unknown, position: string, what: string): string {
    if (typeof value !== 'string' || value === '') throw malformed(position, `Here ${what} is needed, as text that is not empty${typeof value === 'object' ? '; parameters of an action go into its constraints' : ''}.`)
    const sizeBytes = utf8(value).length
    if (sizeBytes > TEXT_BYTES_MAX) throw tooMuch(position, 'textBytesMax', TEXT_BYTES_MAX, 'bytes of one text')
    if (!value.isWellFormed()) throw malformed(position, 'This text is not valid Unicode.')
    this.#spend(sizeBytes, position)
    return value
  }

  #foreign (members: Members, known: readonly string[], above: string): ForeignMembers {
    const names = [...members.keys()].filter(name => !known.includes(name))
    if (names.length > FOREIGN_MEMBERS_MAX) throw tooMuch(above, 'foreignMembersMax', FOREIGN_MEMBERS_MAX, 'unknown members')
    return names.map(name => {
      const position = `${above}/${pointerPart(name)}`
      this.#text(name, position, 'the name of a member')
      return { name, json: this.#json(members.get(name), position, 1) }
    })
  }

  /** JSON text with sorted members, so that one meaning has one text. */
  #json (value: unknown, position: string, depth: number): string {
    if (depth > FOREIGN_DEPTH_MAX) throw tooMuch(position, 'foreignDepthMax', FOREIGN_DEPTH_MAX, 'levels of an unknown member')
    if (typeof value === 'string') return JSON.stringify(value === '' ? value : this.#text(value, position, 'text'))
    if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
      this.#spend(8, position)
      return JSON.stringify(value)
    }
    if (Array.isArray(value)) {
      this.#spend(value.length, position)
      return `[${value.map((each: unknown, at) => this.#json(each, `${position}/${at}`, depth + 1)).join(',')}]`
    }
    const members = [...membersOf(value, position, 'JSON')].toSorted(([a], [b]) => a < b ? -1 : 1)
    return `{${members.map(([name, each]) => {
      const place = `${position}/${pointerPart(name)}`
      this.#spend(utf8(name).length, place)
      return `${JSON.stringify(name)}:${this.#json(each, place, depth + 1)}`
    }).join(',')}}`
  }

  #spend (sizeBytes: number, position: string): void {
    this.#bytes += sizeBytes
    if (this.#bytes > POLICY_BYTES_MAX) throw tooMuch(position, 'policyBytesMax', POLICY_BYTES_MAX, 'bytes')
  }
}

/** A JSON-LD peer writes a list of one as the one. */
function listOf (json: unknown): readonly unknown[] {
  if (json === undefined) return []
  return Array.isArray(json) ? json : [json]
}

function placed (json: unknown, position: string): readonly { readonly value: unknown, readonly position: string }[] {
  return Array.isArray(json)
    ? json.map((value: unknown, at) => ({ value, position: `${position}/${at}` }))
    : listOf(json).map(value => ({ value, position }))
}

/** `{"@id": …}` is how JSON-LD spells an IRI. */
function idOf (json: unknown): unknown {
  const members = plainMembers(json)
  return members?.size === 1 && members.has('@id') ? members.get('@id') : json
}

/** Text, `{"@value": text, "@type"?: …}` or `{"@id": …}`. */
function valueOf (json: unknown): string | undefined {
  const members = plainMembers(json)
  if (members === undefined) return typeof json === 'string' ? json : undefined
  const value = members.get('@value')
  const isTyped = typeof value === 'string' && [...members.keys()].every(name => name === '@value' || name === '@type')
  if (isTyped) return value
  const id = members.get('@id')
  return typeof id === 'string' && members.size === 1 ? id : undefined
}

function plainMembers (json: unknown): Members | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json instanceof Uint8Array || isCid(json)) return undefined
  return new Map<string, unknown>(Object.entries(json))
}

function membersOf (json: unknown, position: string, what: string): Members {
  const members = plainMembers(json)
  if (members === undefined) throw malformed(position, `Here ${what} is needed, as an object with named members.`)
  return members
}

/** RFC 6901, section 3. */
export function pointerPart (name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function malformed (position: string, reason: string): Refused {
  return new Refused({ code: 'malformed', position, reason })
}

function tooMuch (position: string, limit: string, max: number, of: string): Refused {
  assert(max > 0, 'a limit lets something through')
  return new Refused({ code: 'limit', position, reason: `More than ${max} ${of} (${limit}).` })
}
