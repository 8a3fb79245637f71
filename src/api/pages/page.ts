import { sha256, utf8 } from '../../base/index.ts'
import type { Dataset } from '../../node/contract/index.ts'
import { datasetPath } from '../../sdk/index.ts'
import { schemaOrgOf, waysOf } from './description.ts'

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-inline-size: 46rem; margin: 2rem auto; padding-inline: 1rem; }
h1 { line-height: 1.2; margin-block: 0 .5rem; }
h2 { font-size: 1.1rem; margin-block: 2rem .5rem; }
.by, .note, td:first-child, th { color: color-mix(in srgb, currentColor 70%, transparent); }
.note { border-inline-start: .25rem solid; padding-inline-start: .75rem; }
table { border-collapse: collapse; inline-size: 100%; }
td, th { text-align: start; vertical-align: top; padding: .3rem .75rem .3rem 0; border-block-end: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
code { overflow-wrap: anywhere; }
`

/** For the policy of the page: this style and no other. */
export const STYLE_HASH: string = `sha256-${Buffer.from(sha256(utf8(STYLE))).toString('base64')}`

export function pageOf (dataset: Dataset, origin: string): string {
  const { id, title, description, publisher, simulated, schema } = dataset
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · ${escaped(publisher.name)}</title>
<style>${STYLE}</style>
<script type="application/ld+json">${json(schemaOrgOf(dataset, origin))}</script>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="by">Published by ${escaped(publisher.name)}</p>
${simulated ? '<p class="note">These data come from a simulation. They are no measurements.</p>' : ''}
${description.trim().split(/\n\s*\n/).filter(each => each !== '').map(each => `<p>${escaped(each)}</p>`).join('\n')}
<h2>What may be done with it</h2>
${list(termsOf(dataset))}
<h2>Get it</h2>
${list(waysOf(dataset).map(({ name, mediaType, path }) => `<a href="${escaped(path)}">${escaped(name)}</a> <span class="by">${escaped(mediaType)}</span>`), true)}
${dataset.distribution.form === 'stream' ? `<p>As it comes: <code>${escaped(origin + datasetPath(id, 'live'))}</code> (server-sent events)</p>` : ''}
<h2>About it</h2>
<table>
${factsOf(dataset).map(([name, value]) => `<tr><th scope="row">${name}</th><td>${escaped(value)}</td></tr>`).join('\n')}
</table>
${schema.length === 0 ? '' : `<h2>Columns</h2>
<table>
<tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Unit</th></tr>
${schema.map(({ name, type, unit }) => `<tr><td>${escaped(name)}</td><td>${type}</td><td>${escaped(unit ?? '')}</td></tr>`).join('\n')}
</table>`}
</main>
</body>
</html>
`
}

const ACCESS = {
  public: 'Anybody may read it.', members: 'Members of the federation may read it.', restricted: 'Who has an agreement with its publisher may read it.'
} as const

function termsOf ({ access, licence, terms }: Dataset): readonly string[] {
  const said = terms === null ? [ACCESS[access]] : terms.sentences.map(({ sentence }) => sentence)
  return [...said, ...licence.trim() === '' ? [] : [`Licence: ${licence}`], ...terms?.legalNotice == null ? [] : [terms.legalNotice]]
}

function factsOf ({ id, version, issuedMs, modifiedMs, theme, keywords, spatial, temporal, model, sources, distribution }: Dataset): readonly (readonly [string, string])[] {
  const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Id', id], ['Version', `${version}, of ${day(modifiedMs)}`], ['First published', day(issuedMs)], ['Theme', theme], ['Keywords', keywords.join(', ')],
    ['Place', spatial === null ? undefined : `${spatial.west}° to ${spatial.east}° longitude, ${spatial.south}° to ${spatial.north}° latitude`],
    ['Time', temporal === null ? undefined : `${day(temporal.fromMs)} to ${day(temporal.toMs)}`], ['Data model', model ?? undefined],
    ['Made from', sources.join(', ')], ['Records', distribution.records === null ? 'new ones come' : String(distribution.records)],
    ['SHA-256', distribution.sha256 ?? undefined]
  ]
  return facts.flatMap(([name, value]) => value === undefined || value === '' ? [] : [[name, value] as const])
}

/** Sentences are text; `isMarkup`: they were made here. */
function list (items: readonly string[], isMarkup = false): string {
  return `<ul>\n${items.map(item => `<li>${isMarkup ? item : escaped(item)}</li>`).join('\n')}\n</ul>`
}

function escaped (text: string): string {
  return text.replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

/** Nothing in it ends the script or begins another: in JSON every character may be written by its number. */
function json (value: object): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
