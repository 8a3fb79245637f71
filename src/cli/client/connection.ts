import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readApiFile } from '../../api/index.ts'
import { fail } from '../../base/index.ts'
import { createClient, type Answer, type Client, type Dataset, type Failure } from '../../sdk/index.ts'
import { configOf } from '../config/index.ts'
import { createProgress, EXIT, problem, type Call, type ExitCode, type Outcome, type Problem } from '../terminal/index.ts'

/** Finds the running node by its folder and lets the command talk to it. */
export async function withNode (call: Call, run: (client: Client, folder: string) => Promise<Outcome>): Promise<Outcome> {
  const settings = configOf(call)
  if (!settings.ok) return settings
  const { folder } = settings.value
  const file = await readApiFile(folder)
  if (!file.ok) {
    switch (file.failure.code) {
      case 'absent': return existsSync(join(folder, 'keys'))
        ? problem(EXIT.notRunning, 'not-running', `The node in ${folder} is not running`, 'Start it with hanse start, or name another folder with --data.')
        : problem(EXIT.notRunning, 'not-running', `There is no node in ${folder}`, 'Name its folder with --data, or make one with hanse init.')
      case 'malformed': return problem(
        EXIT.notRunning, 'not-running', `The file ${file.failure.path} does not say how to reach the node`, 'Stop the node if it runs, and start it again with hanse start.'
      )
      case 'loose-mode': return problem(
        EXIT.failed, 'loose-mode', `Others on this machine may read ${file.failure.path}, which holds the token of the node`,
        `Run chmod 600 ${file.failure.path}, then restart the node so that it makes a new token.`
      )
    }
  }
  return await run(createClient({ baseUrl: file.value.url, token: file.value.token, signal: call.signal }), folder)
}

/** For so long a dataset of another member may be unknown because the news of it is still on its way. */
const NEWS_MS = 5_000
const POLL_MS = 250

/** The dataset of that name; one that is named with its publisher is waited for a moment. */
export async function knownDataset (call: Call, client: Client, reference: string, withinMs: number = NEWS_MS): Answer<Dataset> {
  const first = await client.dataset(reference)
  if (first.ok || first.failure.code !== 'not-found' || !reference.includes('/')) return first
  const untilMs = Date.now() + Math.min(withinMs, NEWS_MS)
  return await withProgress(call, `${reference} is not known yet`, async () => {
    for (;;) {
      await pause(POLL_MS, call.signal)
      const dataset = await client.dataset(reference)
      if (dataset.ok || dataset.failure.code !== 'not-found' || Date.now() >= untilMs || call.signal.aborted) return dataset
    }
  })
}

export async function pause (timeMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, timeMs)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

/** Exit codes of failures that have one of their own; all others are 1. */
const EXITS: Readonly<Record<string, ExitCode>> = {
  'not-found': EXIT.notFound, 'ambiguous': EXIT.notFound,
  'invalid': EXIT.usage,
  'timeout': EXIT.unreachable, 'unreachable': EXIT.unreachable, 'cut': EXIT.unreachable,
  'tampered': EXIT.unverified, 'malformed': EXIT.unverified, 'cut-short': EXIT.unverified, 'other-federation': EXIT.unverified,
  'cancelled': EXIT.interrupted
}

export function failed (failure: Failure): { readonly ok: false, readonly failure: Problem } {
  if (failure.code === 'unreachable' && failure.status === null) {
    return problem(EXIT.notRunning, 'not-running', `The node is not running: ${failure.reason}`, 'Start it with hanse start.')
  }
  const { code, reason, hint, reasons } = failure
  return fail({ exit: EXITS[code] ?? EXIT.failed, code, reason: sentence(reason), hint: sentence(hint), ...reasons === undefined ? {} : { reasons } })
}

/** As `failed`, of calls that a dataset's terms may refuse. */
export function withheld (failure: Failure): { readonly ok: false, readonly failure: Problem } {
  const found = failed(failure)
  return failure.code === 'refused' ? { ok: false, failure: { ...found.failure, exit: EXIT.refusedByTerms } } : found
}

/** Reasons of the node begin as a part of a sentence, or with a name, which stays as it is. */
function sentence (text: string): string {
  return /^[a-z]+(?![\w.=])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

/** Shows progress while `run` runs, and clears it whatever happens. */
export async function withProgress<T> (
  call: Call, label: string, run: (show: ReturnType<typeof createProgress>['show']) => Promise<T>
): Promise<T> {
  const bar = createProgress(call.terminal, label)
  try {
    return await run(bar.show)
  } finally {
    bar.end()
  }
}

/** The first argument, which the table of arguments has made sure is there. */
export function argument (call: Call, index = 0): string {
  return call.arguments[index] ?? ''
}

/** A whole number of an option. */
export function wholeNumber (
  call: Call, name: string, fallback: number, { min, max }: { readonly min: number, readonly max: number }
): { readonly ok: true, readonly value: number } | { readonly ok: false, readonly failure: Problem } {
  const text = call.text(name)
  if (text === undefined) return { ok: true, value: fallback }
  const value = Number(text)
  return /^\d{1,15}$/.test(text) && value >= min && value <= max
    ? { ok: true, value }
    : problem(EXIT.usage, 'usage', `--${name} takes a whole number from ${min} to ${max}, not "${text}"`, `Write for instance --${name} ${Math.max(min, fallback)}.`)
}

const PURPOSE_PREFIX = 'urn:hanse:purpose:1:'

/** What for, by a whole IRI or by the short name of one of ours. */
export function purposeOf (call: Call): string | undefined {
  const purpose = call.text('for')
  return purpose === undefined || purpose.includes(':') ? purpose : PURPOSE_PREFIX + purpose
}
