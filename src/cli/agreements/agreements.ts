import { END_CODES, type AgreementView } from '../../sdk/index.ts'
import { argument, failed, withNode } from '../client/index.ts'
import { announceEffect, answer, EXIT, formatTime, pairs, plain, problem, table, type Command } from '../terminal/index.ts'
import { named, purposeText, sentenceLines, shortId } from './words.ts'

export const agreementsCommand: Command = {
  name: 'agreements',
  summary: 'Show what was agreed with whom, and whether it is in force',
  arguments: [{ name: 'AGREEMENT', help: 'one of them, with its terms', optional: true }],
  options: [],
  examples: ['hanse agreements', 'hanse agreements 8ac20d31', 'hanse agreements --json'],
  run: async call => await withNode(call, async client => {
    const agreements = await client.agreements()
    if (!agreements.ok) return failed(agreements.failure)
    if (call.arguments.length > 0) {
      const found = named(agreements.value, argument(call), 'agreement', 'hanse agreements')
      return found.ok ? answer({ agreement: found.value }, wholeText(found.value)) : found
    }
    if (agreements.value.length === 0) return answer({ agreements: [] }, 'Nothing is agreed yet. Ask for a dataset with hanse request.')
    const rows = agreements.value.map(each => [
      shortId(each.id), each.role === 'provider' ? 'give' : 'get', plain(each.other.name), each.dataset.split('/').at(-1) ?? '', purposeText(each.purpose),
      formatTime(each.inForceFromMs), each.revokedAtMs === null ? 'in force' : `ended ${formatTime(each.revokedAtMs)}`, each.ledger
    ])
    return answer({ agreements: agreements.value }, table([
      { heading: 'AGREEMENT' }, { heading: 'WE' }, { heading: 'WITH' }, { heading: 'DATASET' }, { heading: 'FOR' }, { heading: 'FROM' }, { heading: 'STATE' }, { heading: 'LEDGER' }
    ], rows))
  })
}

function wholeText (agreement: AgreementView): string {
  const { id, role, other, dataset, purpose, sentences, inForceFromMs, revokedAtMs, isCountersigned, ledger } = agreement
  return [
    pairs([
      ['agreement', id], ['with', `${plain(other.name)} (${other.did})`], ['we', role === 'provider' ? 'give it' : 'get it'], ['dataset', dataset],
      ['for', purposeText(purpose)], ['from', formatTime(inForceFromMs)], ['state', revokedAtMs === null ? 'in force' : `ended ${formatTime(revokedAtMs)}`],
      ['signed', isCountersigned ? 'by both' : 'not countersigned'], ['ledger', ledger]
    ]),
    '', ...sentenceLines(sentences)
  ].join('\n')
}

export const revokeCommand: Command = {
  name: 'revoke',
  summary: 'End an agreement, at once',
  arguments: [{ name: 'AGREEMENT', help: 'its id, or as much of it as hanse agreements shows' }],
  options: [
    { name: 'code', value: 'CODE', help: `why: ${END_CODES.join(', ')} (default ended)` },
    { name: 'yes', help: 'do not wait for Enter' }
  ],
  examples: ['hanse revoke 8ac20d31', 'hanse revoke 8ac20d31 --code breach'],
  run: async call => {
    const code = END_CODES.find(each => each === (call.text('code') ?? 'ended'))
    if (code === undefined) return problem(EXIT.usage, 'usage', `There is no code "${plain(call.text('code') ?? '')}"`, `The codes are ${END_CODES.join(', ')}.`)
    return await withNode(call, async client => {
      const agreements = await client.agreements()
      if (!agreements.ok) return failed(agreements.failure)
      const found = named(agreements.value, argument(call), 'agreement', 'hanse agreements')
      if (!found.ok) return found
      const { id, role, other, dataset } = found.value
      const effect = role === 'provider'
        ? `Ends what ${plain(other.name)} may do with ${dataset}: nothing more goes out, and new data get a key that it does not have.`
        : `Ends the right to use ${dataset} of ${plain(other.name)}: it is not read here any more, and what its terms say of deletion begins to run.`
      const announced = await announceEffect(call, [effect])
      if (!announced.ok) return announced
      const ended = await client.endAgreement(id, code)
      return ended.ok ? answer({ agreement: ended.value }, `Ended. ${plain(other.name)} and the ledger are told.`) : failed(ended.failure)
    })
  }
}
