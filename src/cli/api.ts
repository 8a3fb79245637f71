import { answer, type Command } from './terminal/index.ts'

export const apiCommand: Command = {
  name: 'api',
  summary: 'Print what programs can ask of a node, as OpenAPI 3.1; needs no node',
  arguments: [],
  options: [],
  examples: ['hanse api', 'hanse api > hanse.openapi.json'],
  run: async () => {
    // Only here: writing it takes a moment that no other command needs.
    const { openApi } = await import('../sdk/openapi/index.ts')
    const document = openApi()
    return answer({ document }, JSON.stringify(document, undefined, 2))
  }
}
