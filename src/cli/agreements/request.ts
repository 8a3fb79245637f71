import { argument, failed, wholeNumber, withNode, withProgress } from '../client/index.ts'
import { answer, EXIT, plain, problem, type Command } from '../terminal/index.ts'
import { purposeText, sentenceLines, shortId, standingText } from './words.ts'

const TIMEOUT_S = 20
const TIMEOUT_S_MAX = 40

export const requestCommand: Command = {
  name: 'request',
  summary: 'Ask the publisher of a dataset for an agreement',
  arguments: [{ name: 'DATASET', help: 'a dataset as hanse ls shows it' }],
  options: [
    { name: 'purpose', value: 'PURPOSE', help: 'what for, such as waste.collection; an agreement is for one' },
    { name: 'timeout', value: 'S', help: `for how many seconds to wait for the answer (default ${TIMEOUT_S})` }
  ],
  examples: ['hanse request Bellevue/bins --purpose waste.collection'],
  run: async call => {
    const purpose = call.text('purpose')
    const timeoutS = wholeNumber(call, 'timeout', TIMEOUT_S, { min: 0, max: TIMEOUT_S_MAX })
    if (!timeoutS.ok) return timeoutS
    if (purpose === undefined) {
      return problem(EXIT.usage, 'usage', 'An agreement is for one purpose', `Name it: hanse request ${plain(argument(call))} --purpose waste.collection. Its terms name those allowed: hanse terms show.`)
    }
    return await withNode(call, async client => {
      const negotiated = await withProgress(call, 'asking the publisher', () => client.requestAgreement(argument(call), purpose, timeoutS.value * 1_000))
      if (!negotiated.ok) return failed(negotiated.failure)
      const { state, agreementId, other, dataset, sentences } = negotiated.value
      const json = { negotiation: negotiated.value }
      if (state === 'FINALIZED' && agreementId !== null) {
        return answer(json, [
          `Agreed with ${plain(other.name)} on ${dataset} for ${purposeText(negotiated.value.purpose)}:`, ...sentenceLines(sentences),
          `Agreement ${agreementId}. Read it with hanse get or hanse tail; end it with hanse revoke ${shortId(agreementId)}.`
        ].join('\n'))
      }
      if (state === 'TERMINATED') return problem(EXIT.failed, 'refused', standingText(negotiated.value).replace(/\.$/, ''), `See its terms with hanse terms show ${plain(argument(call))}, and ask for no more than they allow.`)
      return answer(json, `${standingText(negotiated.value)} The node goes on by itself: see hanse inbox --all.`, EXIT.unreachable)
    })
  }
}
