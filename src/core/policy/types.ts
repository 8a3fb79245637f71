import type { CID } from '../../base/index.ts'

/** A full IRI, or whatever else a policy says in the place of one: such a term is unknown. */
export type Iri = string

/** What happens if the other side does not want to keep its word; section 2 of the note on terms. */
export type Label = 'enforced' | 'attested' | 'contractual'

export type Logic = 'and' | 'or' | 'xone' | 'andSequence'

/** Members that this room does not know, with their JSON text: what holds them is unknown, and never dropped. */
export type ForeignMembers = readonly { readonly name: string, readonly json: string }[]

/** `position` is a JSON pointer into the policy as it was received; it is not part of the normal form. */
export type Constraint = { readonly position: string, readonly foreign: ForeignMembers } & (
  | { readonly type: 'atomic', readonly leftOperand: Iri, readonly operator: Iri, readonly rightOperand: readonly string[] }
  | { readonly type: Logic, readonly operands: readonly Constraint[] }
)

export type Rule = {
  readonly position: string
  readonly action: Iri
  readonly constraints: readonly Constraint[]
  /** Of permissions alone; empty elsewhere. */
  readonly duties: readonly Rule[]
  readonly foreign: ForeignMembers
}

/** A policy in normal form: full IRIs, sorted, compared by `policyCid` and never by its text. */
export type Policy = {
  readonly policyCid: CID
  readonly profile: readonly Iri[]
  readonly permissions: readonly Rule[]
  readonly prohibitions: readonly Rule[]
  readonly obligations: readonly Rule[]
  readonly foreign: ForeignMembers
}

/** Why a policy was not read, and where in it. */
export type PolicyFailure = {
  readonly code: 'malformed' | 'no-rule' | 'limit'
  /** A JSON pointer (RFC 6901); empty for the policy itself. */
  readonly position: string
  readonly reason: string
}
