import type { Client, NegotiationAnswer, NegotiationView } from '../../sdk/index.ts'
import { argument, failed, readTerms, withNode } from '../client/index.ts'
import { announceEffect, answer, formatTime, plain, table, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { named, purposeText, sentenceLines, shortId, standingText } from './words.ts'

const ID = { name: 'REQUEST', help: 'its id, or as much of it as hanse inbox shows' }

export const inboxCommand: Command = {
  name: 'inbox',
  summary: 'Show who asks for an agreement and waits for a decision',
  arguments: [],
  options: [{ name: 'all', help: 'also what was decided, and what waits for others' }],
  examples: ['hanse inbox', 'hanse inbox --all', 'hanse inbox --json'],
  run: async call => await withNode(call, async client => {
    const negotiations = await client.negotiations()
    if (!negotiations.ok) return failed(negotiations.failure)
    const shown = call.flag('all') ? negotiations.value : negotiations.value.filter(({ isAsked }) => isAsked)
    if (shown.length === 0) return answer({ negotiations: [] }, call.flag('all') ? 'Nothing was asked for yet.' : 'Nothing waits for a decision.')
    const rows = shown.map(each => [
      shortId(each.id), each.role === 'provider' ? 'gives' : 'gets', plain(each.other.name), each.dataset.split('/').at(-1) ?? '', purposeText(each.purpose),
      formatTime(each.changedMs), standingText(each)
    ])
    return answer({ negotiations: shown }, table([
      { heading: 'REQUEST' }, { heading: 'WE' }, { heading: 'WITH' }, { heading: 'DATASET' }, { heading: 'FOR' }, { heading: 'SINCE' }, { heading: 'STANDS' }
    ], rows))
  })
}

export const approveCommand: Command = {
  name: 'approve',
  summary: 'Agree to what somebody asks for, or to less',
  arguments: [ID],
  options: [
    { name: 'terms', value: 'FILE', help: 'offer these terms instead: a file of terms' },
    { name: 'yes', help: 'do not wait for Enter' }
  ],
  examples: ['hanse approve 3f9c0a12', 'hanse approve 3f9c0a12 --terms less.terms.json'],
  run: call => withRequest(call, async (client, negotiation) => {
    const path = call.text('terms')
    const terms = path === undefined ? undefined : await readTerms(path)
    if (terms?.ok === false) return terms
    const given: NegotiationAnswer = terms === undefined ? { do: 'approve', changedMs: negotiation.changedMs } : { do: 'limit', terms: terms.value }
    const first = terms === undefined
      ? `Agrees with ${plain(negotiation.other.name)} on ${negotiation.dataset} for ${purposeText(negotiation.purpose)}:`
      : `Offers ${plain(negotiation.other.name)} the terms of ${path ?? ''} instead of these:`
    return decided(call, client, negotiation, given, [first, ...sentenceLines(negotiation.sentences)])
  })
}

export const denyCommand: Command = {
  name: 'deny',
  summary: 'Decline what somebody asks for',
  arguments: [ID],
  options: [{ name: 'reason', value: 'TEXT', help: 'told to the other side' }, { name: 'yes', help: 'do not wait for Enter' }],
  examples: ['hanse deny 3f9c0a12 --reason "ask again in spring"'],
  run: call => withRequest(call, (client, negotiation) => decided(
    call, client, negotiation, { do: 'deny', reason: call.text('reason') ?? '' }, [`Declines what ${plain(negotiation.other.name)} asks for: ${negotiation.dataset}.`]
  ))
}

function withRequest (call: Call, run: (client: Client, negotiation: NegotiationView) => Promise<Outcome>): Promise<Outcome> {
  return withNode(call, async client => {
    const negotiations = await client.negotiations()
    if (!negotiations.ok) return failed(negotiations.failure)
    const found = named(negotiations.value, argument(call), 'request', 'hanse inbox')
    return found.ok ? await run(client, found.value) : found
  })
}

async function decided (call: Call, client: Client, { id }: NegotiationView, given: NegotiationAnswer, effect: readonly string[]): Promise<Outcome> {
  const announced = await announceEffect(call, effect)
  if (!announced.ok) return announced
  const answered = await client.answerNegotiation(id, given)
  return answered.ok ? answer({ negotiation: answered.value }, `Told ${plain(answered.value.other.name)}. ${standingText(answered.value)}`) : failed(answered.failure)
}
