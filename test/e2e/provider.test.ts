import { strict as assert } from 'node:assert'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stopCity } from '../../scripts/demo/city.ts'
import { openConsole, openPage } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { CLIENT, startProvider, type Provider } from '../support/provider.ts'

describe('signing in by a provider of the city', function () {
  this.timeout(120_000)
  const { city, again, path } = withCities(['Bellevue'])
  let provider: Provider
  /** Another site than the provider, to a browser: its cookies are strict. */
  let address = ''

  before(async () => {
    provider = await startProvider()
    await stopCity(city())
    await writeFile(path('secret'), `${CLIENT.secret}\n`)
    await appendFile(join(city().folder, 'hanse.toml'), [
      '', '[provider]', `issuer = "${provider.issuer}"`, 'name = "Lake login"', `client_id = "${CLIENT.id}"`, `client_secret_file = "${path('secret')}"`, 'role_claim = "groups"',
      'roles = ["gis team publisher", "clerks viewer"]', ''
    ].join('\n'))
    const opened = await openConsole(await again('Bellevue'))
    address = opened.url.replace('127.0.0.1', 'localhost')
    await opened.page.locator('header nav').waitFor()
    await opened.close()
  })
  after(async () => { await provider?.stop() })

  it('leads there and back by one press of a button, into the role that it gives', async () => {
    provider.word = { claims: { groups: ['staff', 'gis team'] } }
    const opened = await openPage(address)
    const { page } = opened
    await page.getByRole('button', { name: 'Sign in with Lake login' }).waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('provider-entry')
    await opened.effort()
    await page.getByRole('button', { name: 'Sign in with Lake login' }).click()
    await page.locator('header nav').waitFor()
    assert.equal(new URL(page.url()).search, '', 'the answer of the provider does not stay in the address')
    await opened.go('#/settings')
    await page.getByText('You are Ada Böhm, signed in by the provider of your organisation, which keeps your sign-in. Publisher:').waitFor()
    assert.equal(await page.getByText('Make a passkey').count(), 0)
    assert.deepEqual(await opened.violations(), [])
    // What the button does is the one way off this origin; and at first nobody was signed in.
    await assert.rejects(opened.close(), ({ message }: Error) => {
      const foreign = message.match(/a request to \S+/g) ?? []
      return /401/.test(message) && foreign.length === 1 && (foreign[0] ?? '').includes(`${provider.issuer}/authorize?`)
    })
  })

  it('says what is wrong where it gives no role, and asks nothing of it before the button is pressed', async () => {
    provider.word = { claims: { groups: ['staff'] } }
    const opened = await openPage(address, { language: 'de', theme: 'dark', width: 400 })
    const { page } = opened
    const before = provider.asked.get('/authorize')
    await page.getByRole('button', { name: 'Mit Lake login anmelden' }).click()
    await page.getByText('Lake login kennt Sie, gibt Ihnen auf diesem Knoten aber keine Rolle.').waitFor()
    assert.equal(provider.asked.get('/authorize'), (before ?? 0) + 1)
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('provider-refused')
    await assert.rejects(opened.close(), /403/)
  })

  it('takes no answer in a tab that was not sent there', async () => {
    const opened = await openPage(`${address}/?code=x&state=y`)
    const { page } = opened
    await page.getByRole('button', { name: 'Sign in with Lake login' }).waitFor()
    assert.equal(await page.locator('header nav').count(), 0)
    await assert.rejects(opened.close(), /401/)
  })
})
