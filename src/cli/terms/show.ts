import type { DatasetTerms, TermsReview, TermsSentence } from '../../sdk/index.ts'
import { argument, failed, isFile, readTerms, withNode } from '../client/index.ts'
import { answer, count, EXIT, plain, table, type Command } from '../terminal/index.ts'
import { labelText } from './words.ts'

const FILE = { name: 'FILE', help: 'a file of terms' }

export const showCommand: Command = {
  name: 'terms show',
  summary: 'Show terms in sentences, with what makes each of them hold',
  arguments: [{ name: 'DATASET|FILE', help: 'a dataset as hanse ls shows it, or a file of terms' }],
  options: [],
  examples: ['hanse terms show Bellevue/bins', 'hanse terms show bins.terms.json'],
  run: async call => {
    const given = argument(call)
    if (!await isFile(given)) {
      return await withNode(call, async client => {
        const dataset = await client.dataset(given)
        if (!dataset.ok) return failed(dataset.failure)
        const { terms, access } = dataset.value
        const open = access === 'public' ? 'Anyone may use it; no terms are set.' : 'Any member of the federation may use it; no terms are set.'
        return answer({ dataset: dataset.value.id, terms }, terms === null ? open : datasetText(terms))
      })
    }
    const file = await readTerms(given)
    if (!file.ok) return file
    return await withNode(call, async client => {
      const review = await client.reviewTerms(file.value)
      return review.ok ? answer({ file: given, review: review.value }, `${sentencesText(review.value.sentences)}${findingsText(review.value.findings)}`) : failed(review.failure)
    })
  }
}

export const checkCommand: Command = {
  name: 'terms check',
  summary: 'Show who could read it now, and what they would see, before anything is published',
  arguments: [FILE],
  options: [{ name: 'dataset', value: 'DATASET', help: 'the dataset that it would be for' }],
  examples: ['hanse terms check bins.terms.json', 'hanse terms check bins.terms.json --dataset bins'],
  run: async call => {
    const file = await readTerms(argument(call))
    if (!file.ok) return file
    return await withNode(call, async client => {
      const review = await client.reviewTerms(file.value, call.text('dataset'))
      if (!review.ok) return failed(review.failure)
      const isRight = review.value.findings.length === 0
      return answer({ file: argument(call), right: isRight, review: review.value }, reviewText(review.value), isRight ? EXIT.done : EXIT.usage)
    })
  }
}

export const setCommand: Command = {
  name: 'terms set',
  summary: 'Give an own dataset other terms; running agreements keep theirs',
  arguments: [{ name: 'DATASET', help: 'the name of an own dataset' }, FILE],
  options: [],
  examples: ['hanse terms set bins bins.terms.json'],
  run: async call => {
    const file = await readTerms(argument(call, 1))
    if (!file.ok) return file
    return await withNode(call, async client => {
      const set = await client.setTerms(argument(call), file.value)
      if (!set.ok) return failed(set.failure)
      return answer({ dataset: set.value }, `${argument(call)} has these terms from version ${set.value.version} on. Agreements that run keep the terms that were agreed.`)
    })
  }
}

function datasetText ({ sentences, findings, visibility, policyCid }: DatasetTerms): string {
  const seen = visibility === 'named' ? '\nOnly named members may see that it exists.' : ''
  return `${sentencesText(sentences)}${seen}${findingsText(findings)}${policyCid === null ? '' : `\n\npolicy  ${policyCid}`}`
}

function sentencesText (sentences: readonly TermsSentence[]): string {
  return table([{ heading: 'CLAUSE', right: true }, { heading: 'TERMS' }, { heading: 'HOLDS BY' }], sentences.map(({ clause, sentence, labels }) =>
    [clause === 0 ? '-' : String(clause), plain(sentence), labels.map(labelText).join(', ')]))
}

function findingsText (findings: TermsReview['findings']): string {
  if (findings.length === 0) return ''
  const lines = findings.map(({ position, reason, remedy }) => `  ${position === '' ? 'as a whole' : plain(position)}: ${plain(reason)} ${plain(remedy)}`)
  return `\n\nThese terms are not published as they are:\n${lines.join('\n')}`
}

function reviewText (review: TermsReview): string {
  const { readers, anyone, access, findings } = review
  const whom = anyone
    ? 'Anyone could read it now, also outside the federation.'
    : access === 'members'
      ? 'Members could read it now, without asking.'
      : `${count(readers.filter(({ may }) => may !== 'never').length, 'member')} of ${readers.length} could read it once it has an agreement.`
  const rows = readers.map(({ name, may, sees, reasons }) => [plain(name), MAY[may], plain(sees), reasons.map(({ sentence }) => sentence).join('; ')])
  const members = readers.length === 0 ? 'There is no other member yet.' : table([{ heading: 'MEMBER' }, { heading: 'MAY READ' }, { heading: 'WOULD SEE' }, { heading: 'WHY NOT' }], rows)
  const less = review.derived === null ? '' : `\n\n${LESS}${review.derived.byEntity ? ' Add --entity with the column that says whom or what a row is about.' : ''}`
  return `${sentencesText(review.sentences)}\n\n${whom}\n\n${members}${less}${findingsText(findings)}`
}

const LESS = 'Nobody may have all of it: hanse publish makes two datasets, all of it for nobody, and what is derived from that by these terms.'
const MAY: Readonly<Record<TermsReview['readers'][number]['may'], string>> = { 'now': 'now', 'after-agreement': 'after an agreement', 'never': 'never' }
