import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { check as checkPolicy, datasetSentencesOf, ENGLISH, policyOfForm, readPolicy, sentencesOf, TEMPLATES, writePolicy, type Sentence, type TermsForm } from '../../src/core/terms/index.ts'
import { interpreterOf } from '../../src/web/said/index.ts'
import { speak, t, type Interpreter } from '../../src/web/text/index.ts'
import german from '../../src/web/text/de.json' with { type: 'json' }
import said from '../../src/web/text/said.de.json' with { type: 'json' }
import { caseOf, FEDERATION } from '../core/terms.cases.ts'
import { arbitraryForm } from '../core/terms.forms.ts'
import { isSpeech, spokenIn } from './spoken.ts'

/** Where the node says something that comes to be read in the console. */
const PLACES = [
  'api/accounts', 'api/basemap', 'api/connectors', 'api/context', 'api/datasets', 'api/diagnosis', 'api/download', 'api/federation', 'api/http',
  'api/inspect', 'api/passkeys', 'api/provider', 'api/sessions', 'api/tokens', 'cli/doctor/checks.ts', 'cli/doctor/ledger.ts',
  'cli/start/diagnosis.ts', 'cli/start/intake.ts', 'cli/start/sink.ts', 'cli/terminal/ledger.ts', 'core/decision', 'core/policy', 'core/catalogue', 'base/schema.ts', 'core/terms/composing.ts',
  'core/terms/form.ts', 'host/web', 'intake/archive', 'intake/arrival', 'intake/broker', 'intake/cap', 'intake/connector', 'intake/feeds',
  'intake/file', 'intake/folder', 'intake/gbfs', 'intake/gtfs', 'intake/harvest', 'intake/inspection', 'intake/lorawan', 'intake/mapping',
  'intake/mds', 'intake/message', 'intake/mqtt', 'intake/personal/personal.ts', 'intake/pull', 'intake/push', 'intake/reader', 'intake/wzdx',
  'node/agreements', 'node/bundle', 'node/catalogue', 'node/consensus', 'node/datasets', 'node/derivations', 'node/doors', 'node/duties',
  'node/emergency', 'node/erasure', 'node/federation', 'node/founding', 'node/granting', 'node/ledger', 'node/live', 'node/profile',
  'node/publishing', 'node/querying', 'node/reading', 'node/snapshots', 'node/terms', 'node/{belonging,calls,home,node,status}.ts',
  'sdk/{bodies,duties,ledger,query,sql,terms}/schemas.ts', 'sdk/{accounts,features,tokens}/index.ts', 'sdk/connectors/{arrival,common,mapping,mqtt}.ts', 'sdk/contract/node.ts', 'sdk/transport.ts', 'web/here/sending.ts'
]
/** What is written there and not read in the console: logs, what is told to programs and other nodes alone, headers, lists to look words up in. */
const UNREAD: readonly (readonly [file: RegExp, text: RegExp])[] = [
  [/intake\/personal/, /^[a-zü ]+$/], [/api\/http\/replies/, /^[A-Z][a-z ]+$/], [/api\/http\/(broken|server|write)/, /^HTTP|loopback|TLS|^private|^default-src/],
  [/api\/(sessions|datasets|basemap)/, /^\{1\}=|^bytes|^attachment/], [/./, /^Bearer /], [/intake|host\/web/, /^application\/|^text\/turtle|^gzip|^<!doctype/], [/intake/, /^[A-Z][a-z A-Z]+$/], [/api\/download/, /^; charset|^attachment/], [/api\/provider/, /could not be asked/],
  [/node\/snapshots/, /^an? |^not |inviter/], [/node\/consensus/, /^not begun|^ledger from|consensus key|certificate$|^that it|^this protocol|^a frame/],
  [/node\/granting/, /grants|such a feed|its feed is|keys could/], [/node\/agreements/, /^An offer|^The formats|^A push|could not be (given|compared)/],
  [/core\/catalogue/, /^the CID|^urn:uuid|^a country/], [/node\/ledger\/status/, /^(Admit|Remove|Take|Set|Decide|Give|Speak)| with a seat|^\{1\} to/], [/node\/bundle|cli\/doctor/, /CID of a file|^uses the folder/],
  [/sdk\/(accounts|contract|features|tokens)/, /^[A-Z]|^resumes behind/], [/sdk\/bodies/, /^not what was/], [/node\/datasets/, /^, by way of/], [/intake\/(mapping|connector|lorawan)/, /^no \{1\}|^\{1\} is no \{2\}|^Dead letters|reports fire/]
]
const NAMES: Readonly<Record<string, string>> = { 'did:key:zAda': 'Ada & Söhne, Abfall', 'did:key:zBen': 'Ben', 'did:key:zCleo': 'Cleo' }
const READER = { wording: ENGLISH, nameOf: (did: string): string => NAMES[did] ?? did }
const PURPOSE_NS = 'urn:hanse:purpose:1:'
const MONTHS = { Dec: 'Dezember', Nov: 'November' }

describe('what the node says, in German', () => {
  let interpret: Interpreter

  before(() => {
    speak('de', german)
    interpret = interpreterOf(said, 'de')
  })
  after(() => { speak('en', {}) })

  it('has a text for each sentence of terms', () => {
    assert.deepEqual(Object.keys(said.clauses).toSorted(), Object.keys(ENGLISH).toSorted())
  })

  it('says of all terms what the English sentences say: every number, day, name and column, and no English besides', () => {
    const dids = Object.keys(NAMES)
    for (const { begin } of TEMPLATES) check(withMembers(begin({ federation: FEDERATION, publisherName: 'Ada', timeMs: 0 }).terms, dids))
    fc.assert(fc.property(arbitraryForm, check), { numRuns: 200 })
  })

  function check (form: TermsForm): void {
    const policy = policyOfForm(form)
    assert.ok(policy.ok)
    for (const sentence of sentencesOf(policy.value, READER)) compare(sentence)
  }

  it('says what is no clause as it is written, and what a dataset says of itself', () => {
    const begun = TEMPLATES.find(({ id }) => id === 'members')?.begin({ federation: FEDERATION, publisherName: 'Ada', timeMs: 0 }).terms
    const policy = begun === undefined ? undefined : policyOfForm(begun)
    assert.ok(policy?.ok)
    const more = readPolicy({ ...writePolicy(policy.value), obligation: [{ action: 'odrl:play' }, { action: 'odrl:review' }] })
    assert.ok(more.ok)
    for (const sentence of sentencesOf(more.value, READER)) compare(sentence)
    for (const replicas of ['members', 'recipients', 'nobody'] as const) {
      for (const sentence of datasetSentencesOf({ replicas, licence: null, legalNotice: 'No [liability] {1}' }, READER)) compare(sentence)
    }
  })

  it('says what is wrong with any policy, and what to do about it', () => {
    const found = new Set<string>()
    for (let seed = 1; seed <= 300; seed++) {
      const read = readPolicy(caseOf(seed).json)
      for (const { code, reason, remedy } of read.ok ? checkPolicy(read.value) : []) {
        found.add(code)
        assert.ok(interpret(reason) !== undefined && interpret(remedy) !== undefined, `${reason} ${remedy}`)
      }
    }
    assert.ok(found.size >= 3, [...found].join(' '))
  })

  /** Holds a German sentence to the English one. */
  function compare (sentence: Sentence): void {
    const text = interpret(sentence.sentence, sentence)
    assert.ok(text !== undefined, sentence.code)
    const about = `${sentence.sentence} / ${text}`
    let rest = text
    for (const [name, value] of Object.entries(sentence.values)) {
      for (const each of Array.isArray(value) ? value as readonly string[] : typeof value === 'string' && name !== 'currency' ? [value] : []) {
        const word = wordOf(name, each)
        assert.ok(text.includes(word), `${word} in ${about}`)
        rest = rest.replaceAll(word, '')
      }
    }
    assert.doesNotMatch(rest, /[{}[\]|]|undefined|null|\bNaN\b/, about)
    assert.doesNotMatch(rest, /\b(the|and|or|of|may|not|only|with|use|days?|hours?)\b/i, about)
    const found = numbersIn(text, true)
    for (const number of numbersIn(sentence.sentence, false)) assert.ok(found.includes(number), `${number} in ${about}`)
    for (const [english, month] of Object.entries(MONTHS)) if (new RegExp(`\\d ${english} \\d`).test(sentence.sentence)) assert.ok(text.includes(month), about)
  }

  function wordOf (name: string, value: string): string {
    if (name === 'purposes') return t(`purpose.${value.slice(PURPOSE_NS.length)}` as 'purpose.any')
    const kind = { actions: 'never', kinds: 'kind', classes: 'class' }[name]
    return kind === undefined ? value : said.words[`${kind}.${value}` as keyof typeof said.words]
  }

  it('has a text for each sentence that it knows, with the same values, and for none that the node does not say', () => {
    const spoken = spokenIn(PLACES)
    const lacking = [...spoken].filter(([text, files]) => isSpeech(text) && !Object.hasOwn(said.sentences, text) && ![...files].every(file => isUnread(file, text)))
    assert.deepEqual(lacking.map(([text, files]) => `${[...files].join(' ')}: ${text}`), [])
    assert.deepEqual(Object.keys(said.sentences).filter(text => !spoken.has(text)), [])
    for (const [english, text] of Object.entries(said.sentences)) assert.deepEqual(gapsIn(text), gapsIn(english), english)
  })

  it('knows each sentence again, whatever stands in it', () => {
    for (const [english, text] of Object.entries(said.sentences)) {
      const filled = (sentence: string): string => sentence.replaceAll(/\{(\d+)(:\w+)?\}/g, (_, number: string) => `«${number}»`)
      assert.equal(interpret(filled(english)), filled(text), english)
    }
  })

  it('says what stands within what is said', () => {
    assert.equal(
      interpret('the terms do not allow it: it is not for this purpose; there is no agreement for it'),
      'die Bedingungen erlauben es nicht: nicht für diesen Zweck; es gibt keine Vereinbarung darüber')
    assert.equal(
      interpret('Column "plate" seems to hold licence plates (12 values have that form; 12 of its values are affected). Leave it out unless you may share it.'),
      'Die Spalte „plate“ enthält offenbar Kfz-Kennzeichen (12 Werte haben diese Form; 12 ihrer Werte sind betroffen). Lassen Sie sie weg, wenn Sie sie nicht weitergeben dürfen.')
    assert.equal(
      interpret('Column "day" mixes date formats: 20 with the day first, 3 that may be either. Rewrite it as year-month-day before others calculate with it.'),
      'In der Spalte „day“ sind Datumsformen gemischt: 20 mit dem Tag zuerst, 3 mit unklarer Reihenfolge. Schreiben Sie sie als Jahr-Monat-Tag, bevor andere damit rechnen.')
    assert.equal(interpret('city/bins: there are no items where the mapping looks for them'), 'city/bins: wo die Zuordnung sie sucht, sind keine Einträge')
    assert.equal(interpret('push: something that no code says'), undefined)
    assert.equal(interpret('Something that no code says'), undefined)
    assert.equal(interpret('/var/lib/hanse'), '/var/lib/hanse')
  })

  it('takes names of others as they are, whatever they are', () => {
    assert.equal(interpret('its own feed is constructor'), 'sein eigener Feed ist constructor')
    assert.equal(interpret('no dataset "{2:said} [x|y]" is known here'), 'hier ist kein Datensatz „{2:said} [x|y]“ bekannt')
    assert.equal(interpret('', { code: 'constructor', values: {} }), undefined)
    assert.equal(interpret('the terms do not allow it: '.repeat(10_000)), undefined)
  })

  it('takes no time that grows with how deep others have it quote', () => {
    for (const quoted of ['block 1 ', 'it is no ', 'record 1: ', 'its own feed is ']) {
      let text = 'a b c'
      for (let at = 0; text.length < 4_000; at++) text = `${quoted}${text}${at % 2 === 0 ? '; ' : ', '}a b c`
      assert.ok(interpret(text)?.endsWith('a b c'), quoted)
    }
    assert.equal(interpret(`${'its own feed is '.repeat(3)}odd`), `${'sein eigener Feed ist '.repeat(3)}odd`)
  })

  function isUnread (file: string, text: string): boolean {
    return UNREAD.some(([place, words]) => place.test(file) && words.test(text))
  }
})

/** Templates name nobody yet. */
function withMembers (form: TermsForm, members: readonly string[]): TermsForm {
  return {
    ...form,
    audience: form.audience.type === 'named' ? { type: 'named', members } : form.audience,
    passOn: 'members' in form.passOn ? { ...form.passOn, members } : form.passOn,
    emergency: form.emergency === null ? null : { ...form.emergency, officials: members, responders: members }
  }
}

function gapsIn (text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{(\d+)(?::\w+)?\}/g)].map(([, number = '']) => number))].toSorted()
}

/** Without the marks that group digits, which differ. */
function numbersIn (text: string, isGerman: boolean): readonly string[] {
  const plain = isGerman ? text.replaceAll(/(?<=\d)\.(?=\d{3})/g, '').replaceAll(/(?<=\d),(?=\d)/g, '.') : text.replaceAll(/(?<=\d),(?=\d{3})/g, '')
  return [...plain.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => number)
}
