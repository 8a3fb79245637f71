import { readApiFile } from '../../api/index.ts'
import type { Client } from '../../sdk/index.ts'
import { answer, count, EXIT, type Call, type Command } from '../terminal/index.ts'
import { failed, pause, withNode, withProgress } from './connection.ts'

const STOP_MS = 30_000
const POLL_MS = 100

export const scrubCommand: Command = {
  name: 'scrub',
  summary: 'Read everything once, and fetch again what the disk has damaged',
  arguments: [],
  options: [],
  examples: ['hanse scrub'],
  run: async call => await withNode(call, async client => {
    const scrubbed = await withProgress(call, 'scrub', show => client.scrub(show))
    if (!scrubbed.ok) return failed(scrubbed.failure)
    const { segments, damaged, refetched, lost } = scrubbed.value
    const found = damaged === 0
      ? 'all of them are as they were written'
      : `${damaged} damaged, ${refetched} of them fetched again${lost > 0 ? `, ${lost} lost: no neighbour has them` : ''}`
    return answer({ scrub: scrubbed.value }, `Read ${count(segments, 'segment')}: ${found}.`, lost > 0 ? EXIT.unverified : EXIT.done)
  })
}

export const stopCommand: Command = {
  name: 'stop',
  summary: 'Stop the running node',
  arguments: [],
  options: [],
  examples: ['hanse stop'],
  run: async call => await withNode(call, async (client, folder) => {
    const stopped = await client.stop()
    if (!stopped.ok) return failed(stopped.failure)
    const gone = await isGone(call, client, folder)
    return gone
      ? answer({ stopped: true }, 'The node has stopped; what it acknowledged is safe.')
      : answer({ stopped: false }, 'The node is stopping, and takes its time. What it acknowledged is safe.')
  })
}

/** Waits until the node answers no more and has taken away its file: then the folder is free for the next. */
async function isGone (call: Call, client: Client, folder: string): Promise<boolean> {
  const untilMs = Date.now() + STOP_MS
  while (Date.now() < untilMs && !call.signal.aborted) {
    const [status, file] = await Promise.all([client.status(), readApiFile(folder)])
    const silent = !status.ok && status.failure.status === null
    if (silent && !file.ok) return true
    await pause(POLL_MS, call.signal)
  }
  return false
}
