import type { Liar } from '../ground/index.ts'

/**
 * One of two processes with the same keys, each with its own disk. It does not want to be told of the other, so answers to what
 * it asks of itself are empty: otherwise it would stop, as an honest node does.
 */
export const twin: Liar = () => ({
  arriving: (_from, message) => message.kind === 'votesOf' ? { kind: 'votesOf', newest: null, instances: [] } : message
})
