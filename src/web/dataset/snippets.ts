import { datasetPath, type Dataset } from '../../sdk/index.ts'

/** Text for somewhere else: a command, a program. It is no text of the console, and in no language of it. */
export type Snippet = { readonly name: 'curl' | 'script' | 'sql' | 'dcat' | 'ngsi', readonly text: string }

const TOKEN = '"Authorization: Bearer $HANSE_TOKEN"'

export function snippetsOf (dataset: Dataset, origin: string): readonly Snippet[] {
  const { id, distribution: { form, fileName }, publisher, datasetId, model } = dataset
  const path = form === 'file' ? datasetPath(id, 'content') : `${datasetPath(id, 'download')}?format=csv`
  const rows = form !== 'file'
  return [
    { name: 'curl', text: `curl -f -H ${TOKEN} -o ${shellText(form === 'file' ? fileName : `${datasetId}.csv`)} \\\n  ${shellText(`${origin}${path}`)}` },
    { name: 'script', text: form === 'stream' ? following(`${origin}${datasetPath(id, 'live')}?last=10`) : reading(`${origin}${form === 'file' ? path : `${datasetPath(id, 'query')}?limit=100`}`, rows) },
    ...rows ? [{ name: 'sql' as const, text: `hanse sql ${shellText(`SELECT * FROM "${`${publisher.name}/${datasetId}`.replaceAll('"', '""')}" LIMIT 10`)}` }] : [],
    { name: 'dcat', text: `curl -f -H ${TOKEN} ${shellText(`${origin}/catalog.ttl`)}` },
    ...model === null ? [] : [{ name: 'ngsi' as const, text: `curl -f -H ${TOKEN} \\\n  ${shellText(`${origin}/ngsi-ld/v1/entities?type=${encodeURIComponent(model)}&options=keyValues&limit=10`)}` }]
  ]
}

/** Within single quotes a shell takes everything as it is, but for one. What a publisher wrote must not become a command. */
export function shellText (text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function reading (url: string, rows: boolean): string {
  return `const response = await fetch(${JSON.stringify(url)}, {\n  headers: { authorization: \`Bearer \${process.env.HANSE_TOKEN}\` }\n})\n` +
    (rows ? 'const { rows } = await response.json()\nfor (const { values } of rows) console.log(values)' : 'const bytes = await response.arrayBuffer()')
}

function following (url: string): string {
  return `const response = await fetch(${JSON.stringify(url)}, {\n  headers: { authorization: \`Bearer \${process.env.HANSE_TOKEN}\` }\n})\n` +
    'for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) console.log(chunk)'
}
