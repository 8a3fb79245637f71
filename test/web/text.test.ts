import { strict as assert } from 'node:assert'
import { globSync, readFileSync } from 'node:fs'
import german from '../../src/web/text/de.json' with { type: 'json' }
import english from '../../src/web/text/en.json' with { type: 'json' }

type Message = string | Readonly<Record<string, string>>

const SOURCES = globSync('src/web/**/*.{ts,svelte}').filter(file => !file.includes('/text/'))

describe('texts of the console', () => {
  it('are there in every language, with the same values in them', () => {
    assert.deepEqual(Object.keys(german).toSorted(), Object.keys(english).toSorted())
    for (const [key, message] of Object.entries(english)) {
      assert.deepEqual(valuesIn(german[key as keyof typeof german]), valuesIn(message), key)
    }
  })

  it('are all used, and none is used that is not there', () => {
    const source = SOURCES.map(file => readFileSync(file, 'utf8')).join('\n')
    const named = new Set([...source.matchAll(/'([a-z]+(?:\.[a-zA-Z-]+)+)'/g)].map(([, key = '']) => key))
    const begun = [...source.matchAll(/`([a-z]+\.(?:[a-zA-Z-]+\.)?)\$\{/g)].map(([, start = '']) => start)
    const unused = Object.keys(english).filter(key => !named.has(key) && !begun.some(start => key.startsWith(start)))
    assert.deepEqual(unused, [])
    const asked = [...source.matchAll(/\bt\('([^']+)'/g)].map(([, key = '']) => key)
    assert.deepEqual(asked.filter(key => !Object.hasOwn(english, key)), [])
  })

  it('stand nowhere else', () => {
    const found = SOURCES.filter(file => file.endsWith('.svelte')).flatMap(file => {
      const markup = readFileSync(file, 'utf8').replaceAll(/<script[\s\S]*?<\/script>|<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, '')
      const texts = withoutBraces(markup).split(/<[^>]*>/).map(text => text.trim())
      return texts.filter(text => /\p{L}{2}/u.test(text)).map(text => `${file}: ${text.slice(0, 60)}`)
    })
    assert.deepEqual(found, [])
  })
})

function valuesIn (message: Message): readonly string[] {
  const texts = typeof message === 'string' ? [message] : Object.values(message)
  return [...new Set(texts.flatMap(text => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)))].filter(name => name !== 'count').toSorted()
}

/** Markup without what stands in braces, however deep, so that a `>` of code ends no tag. */
function withoutBraces (markup: string): string {
  let depth = 0
  return markup.split('').filter(character => {
    if (character === '{') depth++
    if (character === '}') depth--
    return depth === 0 && character !== '}'
  }).join('')
}
