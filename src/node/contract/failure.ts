/** Why something was not done: `code` for a program, the rest for a person. */
export type Failure<Code extends string = string> = {
  readonly code: Code
  /** What happened, for a person. */
  readonly reason: string
  /** What to do about it. */
  readonly hint: string
}

export type NotReady = Failure<'not-ready'>
