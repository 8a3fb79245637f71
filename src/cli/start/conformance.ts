import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { conformanceRoutes, httpCarry, listenDsp } from '../../api/dsp/index.ts'
import type { Log } from '../../host/index.ts'
import { createStore, openStore } from '../../host/level/index.ts'
import { systemClock, systemRandom } from '../../host/system/index.ts'
import { createSafeFetch } from '../../host/web/index.ts'
import { belongsSomewhere, KIT_PARTICIPANT, openConformance, UNDER_TEST } from '../../node/conformance/index.ts'
import type { Config } from '../config/index.ts'
import { readCharter, type Folder } from '../keys/index.ts'
import type { ComposeFailure } from './compose.ts'
import { listenOf } from './addresses.ts'

export const BANNER = [
  '==================================================================================================',
  ' CONFORMANCE MODE: this process takes anybody for the public test kit and agrees to whatever its',
  ' script says. It holds no data of yours. Turn conformance.enabled off to have a node again.',
  '=================================================================================================='
].join('\n')

export type RunningConformance = {
  readonly address: string
  readonly failed: Promise<string>
  stop (): Promise<void>
}

/** What the public kit runs against, in place of a node. Its processes lie in a database of their own that each start empties. */
export async function composeConformance (
  { folder, config, log }: { readonly folder: Folder, readonly config: Config, readonly log: Log }
): Promise<RunningConformance | ComposeFailure> {
  const store = await openStore(folder.store, {})
  const belongs = await belongsSomewhere(store)
  await store.close()
  const charter = await readCharter(folder)
  if (belongs || !charter.ok || charter.value.length > 0) {
    return {
      code: 'conformance', reason: `The folder ${folder.path} belongs to a federation, and conformance mode would let anybody in`,
      hint: 'Run it in a folder of its own: hanse init --data FOLDER, then set conformance.enabled there.'
    }
  }
  const path = join(folder.path, 'conformance')
  for (const name of [path, `${path}.marker`]) await rm(name, { recursive: true, force: true })
  const scratch = await createStore(path, { random: systemRandom })
  let address = ''
  let fail: (why: string) => void = () => {}
  const failed = new Promise<string>(resolve => { fail = resolve })
  const onFatal = (cause: unknown): void => { fail(cause instanceof Error ? cause.stack ?? cause.message : String(cause)) }
  const conformance = await openConformance({
    store: scratch, clock: systemClock, random: systemRandom, address: () => address, onFatal, log,
    carry: httpCarry({ web: createSafeFetch({ allowed: 'loopback' }), authorize: () => 'Bearer conformance' })
  })
  const listener = await listenDsp({
    listen: listenOf(config.conformance.listen), answer: request => conformance.dsp.answer(request), whoIs: () => KIT_PARTICIPANT,
    participantId: UNDER_TEST, more: conformanceRoutes(conformance, onFatal), log
  })
  if (!listener.ok) {
    await conformance.stop()
    await scratch.close()
    return listener.failure
  }
  address = listener.value.address
  return {
    address, failed,
    async stop () {
      await listener.value.stop()
      await conformance.stop()
      await scratch.close()
    }
  }
}
