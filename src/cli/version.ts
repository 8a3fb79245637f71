import { answer, versionOf, type Command } from './terminal/index.ts'

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
