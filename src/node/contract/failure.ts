/** Why something was not done: `code` for a program, the rest for a person. */
export type Failure<Code extends string = string> = {
  readonly code: Code
  /** What happened, for a person. */
  readonly reason: string
  /** What to do about it. */
  readonly hint: string
  /** Where terms refuse: the codes of all reasons, for a program. */
  readonly reasons?: readonly string[] | undefined
}

export type NotReady = Failure<'not-ready'>
