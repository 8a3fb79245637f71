import type { Result } from '../../base/index.ts'
import type { Client, Failure, NodeStatus } from '../../sdk/index.ts'
import { answer, count, EXIT, formatTime, problem, qrText, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { argument, failed, pause, wholeNumber, withNode, withProgress } from './connection.ts'

const HOUR_MS = 3_600_000
const VALID_HOURS = 7 * 24
const FOUNDERS = 3
const FOUNDERS_MAX = 64
const POLL_MS = 500

export const inviteCommand: Command = {
  name: 'invite',
  summary: 'Make a ticket: for those who found a federation with you, or for new members of one that is founded',
  arguments: [],
  options: [
    { name: 'federation', value: 'NAME', help: 'what the federation is called; needed to found one' },
    { name: 'founders', value: 'N', help: `how many members found it, you among them (default ${FOUNDERS}); 1 founds it at once` },
    { name: 'expires', value: 'HOURS', help: `for how many hours the ticket is good (default ${VALID_HOURS})` },
    { name: 'anew', help: 'give up a founding that is open: its ticket and all applications are void then' },
    { name: 'no-qr', help: 'leave out the QR code' }
  ],
  examples: ['hanse invite', 'hanse invite --federation "Corridor"', 'hanse invite --federation "Corridor" --founders 2 --expires 48'],
  run: async call => {
    const want = wholeNumber(call, 'founders', FOUNDERS, { min: 1, max: FOUNDERS_MAX })
    if (!want.ok) return want
    const hours = wholeNumber(call, 'expires', VALID_HOURS, { min: 1, max: 365 * 24 })
    if (!hours.ok) return hours
    return await withNode(call, async client => {
      const status = await client.status()
      if (!status.ok) return failed(status.failure)
      if (status.value.federation !== null && status.value.founding === null) return inviteMember(call, client, status.value.federation.name, hours.value)
      const federationName = call.text('federation')
      if (federationName === undefined) {
        return problem(EXIT.usage, 'usage', 'A federation needs a name', 'Write hanse invite --federation "NAME".')
      }
      const open = await openFounding(call, client, { federationName, want: want.value })
      if (open !== undefined) return open
      const invited = await client.invite({ federationName, want: want.value, validMs: hours.value * HOUR_MS })
      if (!invited.ok) return failed(invited.failure)
      const { ticket, expiresMs } = invited.value
      if (want.value === 1) return answer({ ticket: null, ...await stateOf(client) }, `The federation ${federationName} is founded, with you alone.`)
      const code = call.flag('no-qr') || call.terminal.json !== 'no' ? undefined : qrText(ticket.toUpperCase())
      return answer(invited.value, [
        `Give this ticket to the ${count(want.value - 1, 'other founder')} of ${federationName}. It is good until ${formatTime(expiresMs)}.`,
        'Whoever has it can apply: send it by a way that you trust.', '', ticket, ...code === undefined ? [] : ['', code],
        '', `They run: hanse join TICKET`, 'You see how far it is with: hanse status'
      ].join('\n'))
    })
  }
}

/** Of a federation that is founded: the ticket lets its holder apply, and the members decide by vote. */
async function inviteMember (call: Call, client: Client, federationName: string, hours: number): Promise<Outcome> {
  const given = call.text('federation')
  if (given !== undefined && given !== federationName) {
    return problem(EXIT.failed, 'already-member', `This node belongs to ${federationName} already`, 'Make another node to found another federation.')
  }
  const invited = await client.invite({ federationName, want: 0, validMs: hours * HOUR_MS })
  if (!invited.ok) return failed(invited.failure)
  const { ticket, expiresMs } = invited.value
  const code = call.flag('no-qr') || call.terminal.json !== 'no' ? undefined : qrText(ticket.toUpperCase())
  return answer(invited.value, [
    `Give this ticket to whoever shall become a member of ${federationName}. It is good until ${formatTime(expiresMs)}.`,
    'It lets them apply; the members decide by vote.', '', ticket, ...code === undefined ? [] : ['', code], '', 'They run: hanse join TICKET'
  ].join('\n'))
}

/** Another name or number begins a founding anew, and nobody who has the ticket of the old one would hear of it. */
async function openFounding (
  call: Call, client: Client, { federationName, want }: { readonly federationName: string, readonly want: number }
): Promise<Outcome | undefined> {
  const status = await client.status()
  if (!status.ok) return failed(status.failure)
  const { member, founding } = status.value
  const isOther = founding !== null && founding.convener === member.did && (founding.name !== federationName || founding.want !== want)
  if (!isOther || call.flag('anew')) return undefined
  return problem(
    EXIT.failed, 'founding-open', `The founding of ${founding.name} is open: ${founding.have} of ${founding.want} founders are there`,
    `See its ticket again with hanse invite --federation "${founding.name}" --founders ${founding.want}, or give it up with --anew.`
  )
}

async function stateOf (client: Client): Promise<{ readonly federation?: NodeStatus['federation'] }> {
  const status = await client.status()
  return status.ok ? { federation: status.value.federation } : {}
}

export const joinCommand: Command = {
  name: 'join',
  summary: 'Apply with a ticket, and wait until the federation is founded or its members have admitted you',
  arguments: [{ name: 'TICKET', help: 'the text that hanse invite gave to a member' }],
  options: [{ name: 'no-wait', help: 'return once the application has arrived' }],
  examples: ['hanse join hanse1...', 'hanse join hanse1... --no-wait'],
  run: async call => await withNode(call, async client => {
    const joined = await client.join(argument(call).trim())
    if (!joined.ok) return failed(joined.failure)
    const { name, have, want, newcomers } = joined.value
    const heard = `Who invited you has your application to ${name}`
    const compare = `Your four words: ${newcomers.map(({ words }) => words.join(' ')).join('; ')}. Read them to the one who invited you: who sees others must not agree.`
    if (call.flag('no-wait')) {
      const standing = want === 0 ? 'the members vote on it' : `${have} of ${want} founders are there`
      return answer({ founding: joined.value }, `${heard}: ${standing}. See hanse status.\n${compare}`)
    }
    call.terminal.note(want === 0 ? `${heard}. You are a member when the others have voted for you.` : `${heard}. The federation is founded when all ${want} have signed.`)
    call.terminal.note(compare)
    return await founded(call, client, want === 0)
  })
}

/** For so long a node may stand between the sealed charter and the federation: it opens its feeds. */
const OPENING_MS = 20_000

/** Looks again and again: founding takes as long as the slowest person, and nothing is lost when this command ends. */
async function founded (call: Call, client: Client, isAdmission: boolean): Promise<Outcome> {
  return await withProgress(call, isAdmission ? 'waiting for votes' : 'founding', async show => {
    for (let lastFoundingMs = Date.now(); ;) {
      const status: Result<NodeStatus, Failure> = await client.status()
      if (!status.ok) return failed(status.failure)
      const { state, federation, founding } = status.value
      if (state === 'ready' && federation !== null) {
        const members = count(federation.members, 'member')
        return answer({ federation }, isAdmission ? `The members have admitted you: ${federation.name} has ${members} now.` : `${federation.name} is founded, with ${members}.`)
      }
      if (state === 'founding') lastFoundingMs = Date.now()
      if (state === 'stopping' || Date.now() - lastFoundingMs > OPENING_MS) return problem(EXIT.failed, 'founding-ended', `The founding has ended: the node is ${state}`, 'See hanse status, and ask the convener for a new ticket.')
      if (founding !== null && founding.want > 0) show({ phase: 'looking', done: founding.have, total: founding.want, unit: 'founders' })
      await pause(POLL_MS, call.signal)
      if (call.signal.aborted) return problem(EXIT.interrupted, 'interrupted', 'Not founded yet', 'The node goes on by itself; see hanse status.')
    }
  })
}
