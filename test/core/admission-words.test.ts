import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { cidOfText, encodeCanonical } from '../../src/base/index.ts'
import { fourWords } from '../../src/core/admission/index.ts'
import type { Did } from '../../src/core/identity/index.ts'

type Case = { readonly to: string, readonly applicant: Did, readonly inviter: Did, readonly words: readonly string[] }

describe('the four words of an application', () => {
  const { cases } = JSON.parse(readFileSync('test/vectors/four-words.json', 'utf8')) as { readonly cases: readonly Case[] }
  const idOf = (text: string) => cidOfText(text) ?? assert.fail('no CID')

  it('are the frozen ones', () => {
    assert.ok(cases.length >= 4)
    for (const { to, applicant, inviter, words } of cases) assert.deepEqual(fourWords({ to: idOf(to), applicant, inviter }), words)
  })

  it('are the first 44 bits of the hash, reckoned here by digits', () => {
    for (const { to, applicant, inviter, words } of cases) {
      const digest = createHash('sha256').update(encodeCanonical({ v: 1, kind: 'four-words', to: idOf(to), applicant, inviter })).digest()
      const digits = [...digest].map(byte => byte.toString(2).padStart(8, '0')).join('')
      assert.deepEqual([0, 11, 22, 33].map(at => wordlist[Number.parseInt(digits.slice(at, at + 11), 2)]), words)
    }
  })

  it('differ by federation, by applicant, by inviter, and by who of both is which', () => {
    assert.equal(new Set(cases.map(({ words }) => words.join(' '))).size, cases.length)
    assert.equal(new Set(wordlist).size, 2_048)
  })
})
