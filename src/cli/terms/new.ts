import { resolve } from 'node:path'
import { fail, ok, utf8, type Result } from '../../base/index.ts'
import type { TermsFile } from '../../sdk/index.ts'
import { failed, only, withNode, writeWhole } from '../client/index.ts'
import { answer, EXIT, problem, type Call, type Command, type Problem } from '../terminal/index.ts'

const TEMPLATE_DEFAULT = 'neighbours'
const TEMPLATES = 'open, members, neighbours, aggregates, delayed, paid, emergency'
const PURPOSE_PREFIX = 'urn:hanse:purpose:1:'

export const newCommand: Command = {
  name: 'terms new',
  summary: 'Make a file of terms from a template',
  arguments: [],
  options: [
    { name: 'template', value: 'NAME', help: `${TEMPLATES} (default ${TEMPLATE_DEFAULT})` },
    { name: 'to', value: 'MEMBER', repeated: true, help: 'a member that may use it, by name or key' },
    { name: 'for', value: 'PURPOSE', repeated: true, help: 'what for, such as waste.collection' },
    { name: 'from', value: 'DATE', help: 'first day, such as 2026-12-01' },
    { name: 'until', value: 'DATE', help: 'last day' },
    { name: 'without', value: 'FIELD', repeated: true, help: 'a column that is left out' },
    { name: 'visible-to', value: 'MEMBER', repeated: true, help: 'only these may see that it exists; nobody: nobody does' },
    { name: 'replicas', value: 'WHO', help: 'who may keep encrypted copies: members, recipients or nobody' },
    { name: 'output', short: 'o', value: 'FILE', help: 'where to write it (default: shown)' },
    { name: 'force', help: 'replace the file if there is one' }
  ],
  examples: [
    'hanse terms new --to Bellevue --for waste.collection -o bins.terms.json',
    'hanse terms new --template aggregates -o summary.terms.json'
  ],
  run: async call => await withNode(call, async client => {
    const begun = await client.termsTemplate(call.text('template') ?? TEMPLATE_DEFAULT)
    if (!begun.ok) return failed(begun.failure)
    const file = filled(begun.value, call)
    if (!file.ok) return file
    const text = `${JSON.stringify(file.value, null, 2)}\n`
    const output = call.text('output')
    if (output === undefined) return answer({ terms: file.value }, text.trimEnd())
    const target = resolve(output)
    const written = await writeWhole(target, only(utf8(text)), { sizeBytes: null, sha256: null, replace: call.flag('force'), signal: call.signal, onProgress: () => undefined })
    return written.ok ? answer({ file: target, terms: file.value }, `Wrote ${target}. See what it means with hanse terms check ${output}.`) : written
  })
}

/** The template with what the command line names; whether the whole is right, the node says. */
function filled ({ terms, ...file }: TermsFile, call: Call): Result<TermsFile, Problem> {
  const [from, until] = [dayOf(call, 'from'), dayOf(call, 'until')]
  if (!from.ok) return from
  if (!until.ok) return until
  const [to, purposes, without, visible] = [call.texts('to'), call.texts('for'), call.texts('without'), call.texts('visible-to')]
  const form: Readonly<Record<string, unknown>> = typeof terms === 'object' && terms !== null ? { ...terms } : {}
  const dataset: Readonly<Record<string, unknown>> = typeof file.dataset === 'object' && file.dataset !== null ? { ...file.dataset } : {}
  const replicas = call.text('replicas')
  return ok({
    ...file,
    terms: {
      ...form,
      ...to.length === 0 ? {} : { audience: { type: 'named', members: to } },
      ...purposes.length === 0 ? {} : { purposes: purposes.map(purpose => purpose.includes(':') ? purpose : PURPOSE_PREFIX + purpose) },
      ...from.value === undefined ? {} : { fromMs: from.value },
      ...until.value === undefined ? {} : { untilMs: until.value + LAST_SECOND_MS },
      ...without.length === 0 ? {} : { redactFields: without }
    },
    dataset: { ...dataset, ...replicas === undefined ? {} : { replicas } },
    ...visible.length === 0 ? {} : { visibility: visible.filter(name => name !== 'nobody') }
  })
}

const LAST_SECOND_MS = 86_399_000

function dayOf (call: Call, option: string): Result<number | undefined, Problem> {
  const text = call.text(option)
  if (text === undefined) return ok(undefined)
  const timeMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  const isDay = !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(text)
  return isDay ? ok(timeMs) : fail(problem(EXIT.usage, 'usage', `--${option} takes a day, not "${text}"`, `Write for instance --${option} 2026-12-01.`).failure)
}
