import { answer, count, EXIT, type Command } from '../terminal/index.ts'
import { failed, withNode, withProgress } from './connection.ts'

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
  run: async call => await withNode(call, async client => {
    const stopped = await client.stop()
    return stopped.ok ? answer({ stopping: true }, 'The node is stopping; what it acknowledged is safe.') : failed(stopped.failure)
  })
}
