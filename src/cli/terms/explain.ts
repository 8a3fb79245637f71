import { DOORS, type TermsExplanation, type TermsReason } from '../../sdk/index.ts'
import { argument, failed, purposeOf, withNode } from '../client/index.ts'
import { answer, EXIT, formatTime, pairs, plain, problem, type Command } from '../terminal/index.ts'

export const explainCommand: Command = {
  name: 'terms explain',
  summary: 'Say why a member may have a dataset, or may not',
  arguments: [{ name: 'DATASET', help: 'a dataset as hanse ls shows it' }],
  options: [
    { name: 'member', value: 'MEMBER', help: 'by name or key (default: this node)' },
    { name: 'outside', help: 'somebody who is no member' },
    { name: 'door', value: 'DOOR', help: `${DOORS.join(', ')} (default read)` },
    { name: 'for', value: 'PURPOSE', help: 'what for, such as waste.collection' }
  ],
  examples: ['hanse terms explain bins --member Bellevue', 'hanse terms explain Renton/bins --door stream --for waste.collection'],
  run: async call => {
    const given = call.text('door')
    const door = DOORS.find(each => each === (given ?? 'read'))
    if (door === undefined) return problem(EXIT.usage, 'usage', `There is no door "${given}"`, `The doors are ${DOORS.join(', ')}.`)
    const purpose = purposeOf(call)
    return await withNode(call, async client => {
      const explained = await client.explain(argument(call), {
        door, member: call.text('member'), purpose, ...call.flag('outside') ? { outside: true } : {}
      })
      return explained.ok ? answer({ explanation: explained.value }, explanationText(explained.value)) : failed(explained.failure)
    })
  }
}

function explanationText (explanation: TermsExplanation): string {
  const { member, door, allow, reasons, purpose, agreementId, policyCid, validUntilMs, dependsOn } = explanation
  const who = member === null ? 'Somebody outside the federation' : plain(member.name)
  const first = `${who} ${allow ? 'may' : 'may not'} have it by the door ${door}.`
  const why = reasons.map(reason => `  ${because(reason)}`)
  return [
    first, ...why, '',
    pairs([
      ['purpose', purpose ?? 'as in the agreement'], ['agreement', agreementId ?? 'none'], ['policy', policyCid ?? 'none'],
      ['holds until', validUntilMs === null ? 'something changes' : formatTime(validUntilMs)], ['rests on', dependsOn.length === 0 ? 'nothing else' : dependsOn.join(', ')]
    ])
  ].join('\n')
}

function because ({ code, sentence, clause, source }: TermsReason): string {
  const where = [...clause === null || clause === 0 ? [] : [`clause ${clause}`], ...source.length === 0 ? [] : [`by way of ${source.join(' and ')}`]]
  return `${code}: ${plain(sentence)}${where.length === 0 ? '' : ` (${where.join(', ')})`}.`
}
