import { refusalOf, sealedRefusal, type Doors, type Passage, type Question } from '../doors/index.ts'
import { Incomplete } from '../reading/index.ts'
import { RightLost, type Asker, type Failure, type NumberedRecord } from '../contract/index.ts'
import { fail, ok, type Result } from '../../base/index.ts'

/** What is gathered before it is asked for: one look at the terms, and one record of the access, for so much. */
const PORTION_RECORDS = 1_024
const PORTION_BYTES = 1 << 20

export type Refusal = Failure<'not-found' | 'refused'>
type Wanted = Pick<Question, 'door' | 'asset' | 'records'>

/** Whether somebody may have this, before anything of it is read. Without an asker the people of this node ask. */
export function questionOf (doors: Doors, own: string, wanted: Wanted, asker: Asker | undefined): Result<Question, Refusal> {
  const question: Question = { ...wanted, requester: asker?.requester === undefined ? own : asker.requester, purpose: asker?.purpose, agreementId: asker?.agreementId, form: 'plaintext' }
  return doors.decide(question).allow ? ok(question) : fail(doors.turnAway(question))
}

/** Records, until one is sealed under a key that is not here: then `RightLost`, which names what is missing. */
export async function * unsealed (records: AsyncIterable<NumberedRecord>): AsyncGenerator<NumberedRecord> {
  try {
    yield * records
  } catch (cause) {
    if (!(cause instanceof Incomplete) || cause.code !== 'sealed') throw cause
    throw new RightLost(sealedRefusal(cause.message))
  }
}

/** Records, portion by portion, each let through before it goes out. */
export async function * gated (records: AsyncIterable<NumberedRecord>, doors: Doors, question: Question): AsyncGenerator<NumberedRecord> {
  const passage = doors.enter(question)
  try {
    let portion: NumberedRecord[] = []
    let bytes = 0
    for await (const record of records) {
      portion.push(record)
      bytes += record.body.length
      if (portion.length < PORTION_RECORDS && bytes < PORTION_BYTES) continue
      await through(passage, portion.length, bytes)
      yield * whileOpen(portion, passage)
      portion = []
      bytes = 0
    }
    if (portion.length === 0) return
    await through(passage, portion.length, bytes)
    yield * whileOpen(portion, passage)
  } finally {
    await passage.end()
  }
}

/** Records as they come, until the right is lost. */
export async function * gatedLive (
  follow: (signal: AbortSignal) => AsyncIterable<NumberedRecord>, doors: Doors, question: Question, signal: AbortSignal
): AsyncGenerator<NumberedRecord> {
  const passage = doors.enter(question)
  try {
    for await (const record of follow(AbortSignal.any([signal, passage.signal]))) {
      await through(passage, 1, record.body.length)
      yield record
    }
    if (!passage.isOpen) throw new RightLost(refusalOf(passage.decision))
  } finally {
    await passage.end()
  }
}

/** Content of a known size: let through ahead of the chunks, so much at a time. */
export async function * gatedBytes (
  chunks: AsyncIterable<Uint8Array>, doors: Doors, question: Question, size: { readonly records: number, readonly bytes: number }
): AsyncGenerator<Uint8Array> {
  const passage = doors.enter(question)
  let left = size.bytes
  let granted = 0
  let records = size.records
  try {
    for await (const chunk of chunks) {
      while (granted < chunk.length) {
        const bytes = Math.max(chunk.length - granted, Math.min(left, PORTION_BYTES))
        await through(passage, records, bytes)
        records = 0
        granted += bytes
        left -= bytes
      }
      if (!passage.isOpen) throw new RightLost(refusalOf(passage.decision))
      granted -= chunk.length
      yield chunk
    }
  } finally {
    await passage.end()
  }
}

/** Whoever reads slowly gets no more of a portion when the right is lost meanwhile. */
function * whileOpen (portion: readonly NumberedRecord[], passage: Passage): Generator<NumberedRecord> {
  for (const record of portion) {
    if (!passage.isOpen) throw new RightLost(refusalOf(passage.decision))
    yield record
  }
}

async function through (passage: Passage, records: number, bytes: number): Promise<void> {
  if (!await passage.take({ records, bytes })) throw new RightLost(refusalOf(passage.decision))
}
