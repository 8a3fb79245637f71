/**
 * Takes what programs push over HTTP into a stream. The answer is given when everything is durable.
 */
import { fail } from '../../base/index.ts'
import type { PushDeclaration } from '../../sdk/index.ts'
import type { ConnectorFactory } from '../connector/index.ts'
import { openIntake, type Intake } from '../message/index.ts'

export const createPushConnector: ConnectorFactory<PushDeclaration> = (declaration, context) => {
  let intake: Intake | undefined
  return {
    async run (signal) {
      intake = await openIntake(declaration, context, signal)
      context.report.running()
      await new Promise<void>(resolve => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => { resolve() }, { once: true })
      })
      const left = intake
      intake = undefined
      await left.idle()
    },
    async push (mediaType, chunks) {
      if (intake === undefined) return fail({ code: 'busy', reason: `"${context.name}" does not take data at the moment`, hint: 'try again in a while' })
      return intake.accept({ chunks, mediaType, origin: 'push', receivedMs: context.clock.nowMs() })
    }
  }
}
