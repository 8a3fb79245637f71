import { strict as assert } from 'node:assert'
import { readFileSync } from 'node:fs'
import type { Locator, Page, Request } from 'playwright-core'
import { ROLES, type Role } from '../../src/sdk/index.ts'
import { openConsole, openPage, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { isListed, publish } from './cities.fixture.ts'

const PASSPHRASE = 'a horse that nobody staples'
const PURPOSE = 'urn:hanse:purpose:1:waste.collection'
const TEXTS = JSON.parse(readFileSync('src/web/text/en.json', 'utf8')) as Readonly<Record<string, string>>
const RANK: Readonly<Record<Role, number>> = { viewer: 0, publisher: 1, approver: 2, admin: 3 }

/** Where a page has its content, whoever looks. */
const SHOWN: Readonly<Record<string, string>> = {
  overview: '.inbox li', dataset: '.columns', request: '.stack', requests: 'section[aria-labelledby^=decide]', federation: 'article', connectors: '.list li', welcome: 'ol', settings: '#own'
}

/** A text of the console; what is filled in may be anything. */
const said = (key: string): RegExp => new RegExp(`^${(TEXTS[key] ?? assert.fail(key)).replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '.*')}$`)

/** What is offered where, and the least role that the node takes it from. */
type Offer = { readonly at: string, readonly what: 'button' | 'link' | 'label' | 'summary', readonly key: string, readonly for: Role }

describe('what the console offers to a role', function () {
  this.timeout(180_000)
  const { city } = withCities(['Bellevue', 'Renton'], 'Lake Cities')
  let url = ''
  let offers: readonly Offer[] = []
  let places: readonly string[] = []

  before(async () => {
    const own = await publish(city(), { datasetId: 'later', to: ['Renton'], fromMs: Date.UTC(2099, 0, 1) })
    const theirs = await publish(city('Renton'), { datasetId: 'bins', to: ['Bellevue'] })
    await Promise.all([isListed(city('Renton'), own), isListed(city(), theirs)])
    assert.ok((await city('Renton').client.requestAgreement(own, PURPOSE, 0)).ok)
    assert.ok((await city('Renton').client.propose({ kind: 'charter', votesAbove: { parts: 3, of: 4 } }, 20_000)).ok)
    const connector = await city().client.addConnector({ kind: 'push', name: 'sensors', dataset: { id: 'sensors', title: 'Sensors', licence: 'CC-BY-4.0', access: 'members' } })
    assert.ok(connector.ok, JSON.stringify(connector))
    await until(async () => {
      const [asked, proposed] = await Promise.all([city().client.negotiations(), city().client.proposals()])
      return asked.ok && asked.value.some(({ isAsked }) => isAsked) && proposed.ok && proposed.value.length === 1
    }, 'there is something to decide')
    for (const role of ROLES) assert.ok((await city().client.addAccount({ name: role, role, passphrase: PASSPHRASE })).ok)
    const opened = await openConsole(city())
    ;({ url } = opened)
    await opened.page.locator('header nav').waitFor()
    await opened.close()
    const about = encodeURIComponent(theirs)
    offers = [
      { at: 'overview', what: 'link', key: 'inbox.do.request', for: 'approver' }, { at: 'overview', what: 'link', key: 'inbox.do.proposal', for: 'approver' },
      { at: `dataset/${about}`, what: 'link', key: 'dataset.request', for: 'approver' }, { at: `request/${about}`, what: 'button', key: 'request.ask', for: 'approver' },
      { at: 'requests', what: 'button', key: 'decide.approve', for: 'approver' }, { at: 'requests', what: 'button', key: 'decide.deny', for: 'approver' },
      { at: 'federation', what: 'button', key: 'vote.chooseYes', for: 'approver' }, { at: 'federation', what: 'button', key: 'ticket.make', for: 'approver' },
      { at: 'federation', what: 'label', key: 'bundle.file', for: 'publisher' }, { at: 'federation', what: 'link', key: 'federation.where', for: 'publisher' },
      { at: 'publish', what: 'label', key: 'publish.source.file', for: 'publisher' },
      { at: 'connectors', what: 'link', key: 'connectors.new', for: 'approver' }, { at: 'connectors', what: 'button', key: 'connectors.restart', for: 'publisher' },
      { at: 'connectors', what: 'button', key: 'connectors.remove', for: 'approver' },
      { at: 'welcome/place', what: 'button', key: 'welcome.next', for: 'publisher' }, { at: 'welcome/data', what: 'button', key: 'catalogue.demo', for: 'publisher' },
      { at: 'settings', what: 'button', key: 'tokens.make', for: 'admin' }, { at: 'settings', what: 'summary', key: 'accounts.add', for: 'admin' }
    ]
    places = [
      ...new Set(offers.map(({ at }) => at)), 'catalogue', `audit/${encodeURIComponent(own)}`, 'live', `live/${encodeURIComponent(`${own.split('/')[0] ?? ''}/sensors`)}`, 'ledger', 'verify', 'account', 'welcome/account', 'welcome/federation'
    ]
  })

  /** What was asked and is not answered yet, but for what has no end. */
  const waiting = new Set<Request>()
  const signIn = async (role: Role): Promise<Console> => {
    const opened = await openPage(url)
    const { page } = opened
    waiting.clear()
    page.on('request', asked => { if (!/\/(?:events|live)\b/.test(new URL(asked.url()).pathname)) waiting.add(asked) })
    page.on('requestfinished', asked => { waiting.delete(asked) })
    page.on('requestfailed', asked => { waiting.delete(asked) })
    await page.getByLabel('Name', { exact: true }).fill(role)
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Enter', exact: true }).click()
    await page.locator('header nav').waitFor()
    return opened
  }
  const offered = (page: Page, { what, key }: Offer): Locator => {
    const name = said(key)
    return what === 'label' ? page.getByLabel(name) : what === 'summary' ? page.locator('summary', { hasText: name }) : page.locator('main').getByRole(what).filter({ hasText: name })
  }
  const go = async (opened: Console, place: string): Promise<void> => {
    const { page } = opened
    await opened.go(`#/${place}`)
    await page.locator(`main ${SHOWN[place.split('/')[0] ?? ''] ?? 'h1'}`).first().waitFor()
    await page.locator('main p[role=status]').filter({ hasText: '…' }).first().waitFor({ state: 'detached' })
    await until(async () => waiting.size === 0, `${place} has all that it asked for`)
  }

  for (const role of ROLES) {
    it(`is what the node takes from it, and no page asks for what it may not: ${role}`, async () => {
      const opened = await signIn(role)
      const { page } = opened
      const refused: string[] = []
      page.on('response', answer => { if (answer.status() === 403) refused.push(`${answer.request().method()} ${answer.url()}`) })
      for (const place of places) {
        await go(opened, place)
        for (const offer of offers.filter(({ at }) => at === place)) {
          const where = `${offer.key} at ${place} for a ${role}`
          if (RANK[role] >= RANK[offer.for]) await until(async () => await offered(page, offer).count() > 0, where)
          else assert.equal(await offered(page, offer).count(), 0, where)
        }
      }
      assert.deepEqual(refused, [])
      // Nobody was signed in at first, which the browser calls an error.
      const faults = await opened.close().then(() => '', ({ message }: Error) => message)
      assert.deepEqual([...faults.matchAll(/status of (\d{3})/g)].map(([, status]) => status), ['401'], faults)
      assert.doesNotMatch(faults, /a request to|Content Security Policy|error: (?!Failed to load resource)/)
    })
  }

  it('is said where it is not offered, with the role that may', async () => {
    const opened = await signIn('viewer')
    for (const place of ['publish', 'requests', 'federation', 'connectors']) {
      await go(opened, place)
      await opened.page.getByText('yours is: Viewer.').first().waitFor()
      assert.deepEqual(await opened.violations(), [], place)
      await opened.picture(`viewer-${place}`)
    }
    await assert.rejects(opened.close(), /401/)
    const publisher = await signIn('publisher')
    await go(publisher, 'publish')
    await publisher.page.getByText(TEXTS['publish.source.url'] ?? '').click()
    await publisher.page.getByText('takes the role of an approver or an admin; yours is: Publisher.').waitFor()
    await assert.rejects(publisher.close(), /401/)
  })
})
