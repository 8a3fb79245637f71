import type { LedgerMember, ProposalView } from '../../sdk/index.ts'
import { argument, failed, withNode } from '../client/index.ts'
import { answer, count, EXIT, formatTime, nearest, pairs, plain, problem, table, type Command } from '../terminal/index.ts'
import { decide, DECIDING_OPTIONS, named, shortId } from './deciding.ts'

export const proposalsCommand: Command = {
  name: 'proposals',
  summary: 'Show what members proposed, and how the votes stand',
  arguments: [{ name: 'PROPOSAL', help: 'one of them, with who voted how', optional: true }],
  options: [],
  examples: ['hanse proposals', 'hanse proposals 3f9c0a12bd44', 'hanse proposals --json'],
  run: async call => await withNode(call, async client => {
    const [proposals, members] = await Promise.all([client.proposals(), client.ledgerMembers()])
    if (!proposals.ok) return failed(proposals.failure)
    if (!members.ok) return failed(members.failure)
    if (call.arguments.length > 0) {
      const proposal = named(proposals.value, ({ id }) => [id], argument(call).toLowerCase(), 'proposal', 'hanse proposals')
      return proposal.ok ? answer({ proposal: proposal.value }, proposalText(proposal.value, members.value)) : proposal
    }
    if (proposals.value.length === 0) return answer({ proposals: [] }, 'Nothing is proposed. Members propose with hanse propose.')
    const rows = proposals.value.map(({ id, state, by, sentence, yes, no, needed, notAfterMs }) =>
      [shortId(id), state, `${yes.length} of ${needed}`, String(no.length), state === 'open' ? formatTime(notAfterMs) : '', by.name, sentence])
    return answer({ proposals: proposals.value }, table([
      { heading: 'PROPOSAL' }, { heading: 'STATE' }, { heading: 'YES' }, { heading: 'NO' }, { heading: 'UNTIL' }, { heading: 'BY' }, { heading: 'WHAT' }
    ], rows))
  })
}

function proposalText (proposal: ProposalView, members: readonly LedgerMember[]): string {
  const names = (dids: readonly string[]): string => dids.length === 0 ? 'nobody' : dids.map(did => members.find(each => each.did === did)?.name ?? did).join(', ')
  return pairs([
    ['proposal', proposal.id], ['what', proposal.sentence], ['by', `${proposal.by.name} (${proposal.by.did})`], ['opened', `in block ${proposal.openedHeight}`],
    ['state', tallyText(proposal)], ['yes', names(proposal.yes)], ['no', names(proposal.no)]
  ])
}

/** How the votes stand, in a sentence. */
export function tallyText ({ state, yes, no, needed, members, notAfterMs }: ProposalView): string {
  switch (state) {
    case 'open': return `It has ${yes.length} of ${count(needed, 'vote')} needed of ${count(members, 'member')}${no.length > 0 ? `, and ${no.length} against` : ''}; open until ${formatTime(notAfterMs)}.`
    case 'passed': return 'It has passed.'
    case 'rejected': return 'It is rejected.'
    case 'expired': return 'It found too few votes in time.'
  }
}

const WORDS = ['yes', 'no'] as const

export const voteCommand: Command = {
  name: 'vote',
  summary: 'Vote on a proposal as this member',
  arguments: [{ name: 'PROPOSAL', help: 'its id, or as much of it as hanse proposals shows' }, { name: 'YES-OR-NO', help: 'yes or no' }],
  options: DECIDING_OPTIONS,
  examples: ['hanse vote 3f9c0a12bd44 yes', 'hanse vote 3f9c0a12bd44 no --dry-run'],
  run: async call => {
    const word = WORDS.find(each => each === argument(call, 1))
    if (word === undefined) {
      const close = nearest(argument(call, 1), WORDS)
      return problem(EXIT.usage, 'usage', `A vote is yes or no, not "${plain(argument(call, 1))}"`, close === undefined ? 'Write yes or no.' : `Did you mean ${close}?`)
    }
    return await withNode(call, async client => {
      const [proposals, status] = await Promise.all([client.proposals(), client.status()])
      if (!proposals.ok) return failed(proposals.failure)
      if (!status.ok) return failed(status.failure)
      const found = named(proposals.value, ({ id }) => [id], argument(call).toLowerCase(), 'proposal', 'hanse proposals')
      if (!found.ok) return found
      const proposal = found.value
      if (proposal.state !== 'open') return problem(EXIT.failed, 'decided', `This proposal is decided: ${proposal.state}`, 'See hanse proposals for those that are open.')
      const own = status.value.member.did
      if ((word === 'yes' ? proposal.yes : proposal.no).includes(own)) {
        return problem(EXIT.failed, 'same', `You have voted ${word} on it already`, 'Until it is decided you may vote otherwise.')
      }
      return await decide(call, client, {
        effect: effectOf(proposal, own, word === 'yes'),
        submit: withinMs => client.vote(proposal.id, word === 'yes', withinMs),
        told: async ({ height }) => {
          const after = await client.proposals()
          const now = after.ok ? after.value.find(({ id }) => id === proposal.id) : undefined
          return { json: now === undefined ? {} : { proposal: now }, text: `Your ${word} stands in block ${height}.${now === undefined ? '' : ` ${tallyText(now)}`}` }
        }
      })
    })
  }
}

/** What this vote does: that it counts, or that it decides, and what happens then. */
function effectOf (proposal: ProposalView, own: string, isYes: boolean): readonly string[] {
  const { id, sentence, by, yes, no, needed, members, kind } = proposal
  const isOther = (did: string): boolean => did !== own
  const [yesAfter, noAfter] = [yes.filter(isOther).length + (isYes ? 1 : 0), no.filter(isOther).length + (isYes ? 0 : 1)]
  const changed = yes.includes(own) || no.includes(own) ? ` in place of your ${isYes ? 'no' : 'yes'}` : ''
  const outcome = yesAfter >= needed
    ? `It passes with it, ${WHEN[kind]}: a decided proposal cannot be voted on again.`
    : members - noAfter < needed
      ? 'It is rejected with it, because too few can still agree.'
      : `It is open then: ${count(needed - yesAfter, 'more vote')} needed of ${count(members, 'member')}.`
  return [
    `Proposal ${shortId(id)} by ${by.name}: ${sentence}.`,
    `Votes ${isYes ? 'yes' : 'no'} as this member${changed}: then ${yesAfter} for it, ${noAfter} against. ${outcome}`
  ]
}

const WHEN: Readonly<Record<ProposalView['kind'], string>> = {
  join: 'and the member is one at once', remove: 'and the member is cut off at once', rebind: 'and the old key is void at once',
  park: 'and takes effect with the next seal', params: 'and takes effect with the next seal', charter: 'and takes effect with the next seal',
  protocol: 'and takes effect with the first seal for which enough validators are ready'
}
