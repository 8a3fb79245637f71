import { fail, ok, type Result } from '../../base/index.ts'
import type { Column, MqttDeclaration, PushDeclaration, Taken } from '../../sdk/index.ts'
import { columnsOf, MODELS } from '../../sdk/models/index.ts'
import { descriptionOf, type ConnectorContext, type SinkFailure } from '../connector/index.ts'
import { createReader } from './reader.ts'
import type { Message } from './types.ts'

/** Takes messages into the stream of a connector. */
export type Intake = {
  /** Resolves when all that the message holds is durable, as records or as dead letters; fails where the node does not take it now. */
  accept (message: Message): Promise<Result<Taken, SinkFailure>>
  /** Resolves when no message is on its way: what opens the stream anew before does not know of it, and would store it twice. */
  idle (): Promise<void>
}

/** Binary protobuf is told in the status: it is a wrong setting of a server, and every message has it. */
const BINARY = 'application/octet-stream'

export async function openIntake (
  declaration: MqttDeclaration | PushDeclaration, context: ConnectorContext, signal: AbortSignal
): Promise<Intake> {
  const reader = createReader(declaration)
  const { report } = context
  const inlet = await context.openInlet({
    description: descriptionOf(declaration.dataset, columnsIn(reader.columns, declaration.dataset.model)), identityOf: reader.identityOf, onStored: record => { reader.gaps?.observe(record) }
  }, signal)
  report.gaps(reader.gaps?.total() ?? 0)
  const accept: Intake['accept'] = async message => {
    report.received(1)
    let taken: Taken = { stored: 0, duplicates: 0, rejected: 0 }
    for await (const { records, rejected } of reader.read(message)) {
      for (const { reason, mediaType, bytes } of rejected) {
        if (mediaType === BINARY) report.note('binary', `${message.origin}: ${reason}.`)
        const kept = await context.deadLetter({ reason, mediaType, bytes, origin: message.origin })
        if (!kept.ok) return fail(kept.failure)
      }
      const stored = await inlet.take(records, message.origin)
      if (!stored.ok) return stored
      taken = {
        stored: taken.stored + stored.value.stored, duplicates: taken.duplicates + stored.value.duplicates,
        rejected: taken.rejected + rejected.length + stored.value.rejected
      }
    }
    report.gaps(reader.gaps?.total() ?? 0)
    return ok(taken)
  }
  const underWay = new Set<Promise<unknown>>()
  return {
    async accept (message) {
      const taking = accept(message)
      underWay.add(taking)
      try {
        return await taking
      } finally {
        underWay.delete(taking)
      }
    },
    async idle () { await Promise.allSettled(underWay) }
  }
}

/** Where the reader knows none, those of the data model. */
function columnsIn (columns: readonly Column[], model: string | null): readonly Column[] {
  const known = columns.length > 0 || model === null ? undefined : MODELS.get(model)
  return known === undefined ? columns : columnsOf(known)
}
