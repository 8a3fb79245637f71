import { failed, withNode } from '../client/index.ts'
import { answer, formatTime, type Command } from '../terminal/index.ts'

export const openCommand: Command = {
  name: 'open',
  summary: 'Print a link with which a browser on this machine enters the console once',
  arguments: [],
  options: [],
  examples: ['hanse open', 'hanse open --json'],
  run: async call => await withNode(call, async client => {
    const entry = await client.invitePerson()
    if (!entry.ok) return failed(entry.failure)
    const { url, expiresMs } = entry.value
    return answer(entry.value, [url, '', `It opens once, until ${formatTime(expiresMs)}. Whoever has it acts for this member: show it to nobody.`].join('\n'))
  })
}
