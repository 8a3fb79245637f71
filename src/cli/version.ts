import { readFileSync } from 'node:fs'
import { answer, type Command } from './terminal/index.ts'

/** The version of this program, from the package it is part of. */
export function versionOf (): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const parsed: unknown = JSON.parse(text)
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
  return typeof version === 'string' ? version : 'unknown'
}

export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the version of hanse and of Node',
  arguments: [],
  options: [],
  examples: ['hanse version', 'hanse version --json'],
  run: () => {
    const facts = { hanse: versionOf(), node: process.versions.node, platform: `${process.platform}-${process.arch}` }
    return answer(facts, `hanse ${facts.hanse} (Node ${facts.node}, ${facts.platform})`)
  }
}
