/** How a command ends. Scripts depend on these numbers: add, never change. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  notFound: 4,
  refusedByTerms: 5,
  unreachable: 6,
  unverified: 7,
  /** EX_CONFIG of sysexits.h. */
  badConfiguration: 78,
  /** 128 and the number of the signal, as shells count. */
  interrupted: 130,
  terminated: 143
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
