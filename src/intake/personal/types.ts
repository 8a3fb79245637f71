export type PersonalKind =
  | 'name' | 'e-mail' | 'phone' | 'plate' | 'address' | 'national-id' | 'birth-date' | 'bank-account' | 'device'

/** `possible`: the words fit, but the values may as well describe places or things. */
export type Certainty = 'likely' | 'possible'

export type PersonalWarning = {
  readonly code: 'personal-data'
  readonly column: string
  readonly kind: PersonalKind
  readonly certainty: Certainty
  readonly reason: string
  readonly values: number
  readonly sentence: string
}
