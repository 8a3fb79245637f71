import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import { openConsole, openPage, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'

const PASSPHRASE = 'a horse that nobody staples'
const OTHER = 'three lamps under water'

describe('one’s own account', function () {
  this.timeout(120_000)
  const { city } = withCities(['Bellevue'])
  let origin = ''
  let number = ''

  before(async () => {
    for (const name of ['Ada', 'Ben'] as const) assert.ok((await city().client.addAccount({ name, role: name === 'Ada' ? 'admin' : 'viewer', passphrase: PASSPHRASE })).ok)
    const opened = await openConsole(city())
    number = opened.url
    origin = number.replace('127.0.0.1', 'localhost')
    await opened.page.locator('header nav').waitFor()
  })

  /** The browser calls a refusal of the node an error: that nobody is signed in, and what the test does wrong. */
  const leave = async (opened: Console): Promise<void> => { await assert.rejects(opened.close(), /401/) }
  const signIn = async (page: Page, name: string, passphrase: string): Promise<void> => {
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
    await page.getByRole('button', { name: 'Enter', exact: true }).click()
  }
  const settings = async ({ page, go }: Console): Promise<void> => {
    await go('#/settings')
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
  }

  it('gets a passkey from a device under Settings, enters with it from then on, and with it no more once it is removed', async () => {
    const opened = await openPage(origin)
    const { page } = opened
    const devices = await page.context().newCDPSession(page)
    await devices.send('WebAuthn.enable')
    await devices.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
    await page.getByRole('button', { name: 'Enter with a passkey' }).waitFor()
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('passkey-entry')
    await signIn(page, 'Ada', PASSPHRASE)
    await settings(opened)
    await opened.effort()
    await page.getByText('Make a passkey', { exact: true }).click()
    await page.getByLabel('Name of the device').fill('My laptop')
    await page.getByRole('region', { name: 'Your account' }).getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Make the passkey' }).click()
    await page.getByText('The passkey “My laptop” lets you in from now on.').waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 2, fields: 2 })
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('passkey-own')
    // The same device makes no second one for the same account.
    await page.getByText('Make a passkey', { exact: true }).click()
    await page.getByLabel('Name of the device').fill('Again')
    await page.getByRole('region', { name: 'Your account' }).getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Make the passkey' }).click()
    await page.getByText('This device has a passkey of your account already.').waitFor()
    await page.context().clearCookies()
    await page.goto(origin)
    await page.getByRole('button', { name: 'Enter with a passkey' }).click()
    await settings(opened)
    await page.getByText('You are Ada. Admin:').waitFor()
    await page.getByRole('button', { name: 'Remove the passkey My laptop' }).click()
    await page.getByText('“My laptop” opens this node no more').waitFor()
    await page.locator('tr', { hasText: 'My laptop' }).getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('row', { name: /My laptop/ }).waitFor({ state: 'detached' })
    await page.context().clearCookies()
    await page.goto(`${origin}/?`)
    await page.getByRole('button', { name: 'Enter with a passkey' }).click()
    await page.getByText('This passkey opens no account here, or not any more').waitFor()
    await leave(opened)
  })

  it('is told where passkeys are, at an address that is a number', async () => {
    const opened = await openPage(number)
    const { page } = opened
    await page.getByText('the address of this page is a number').waitFor()
    assert.equal(await page.getByRole('link', { name: `Open the console at ${origin} for passkeys` }).getAttribute('href'), origin)
    assert.equal(await page.getByRole('button', { name: 'Enter with a passkey' }).count(), 0)
    assert.deepEqual(await opened.violations(), [])
    await leave(opened)
  })

  it('changes its passphrase, where it knows the old one', async () => {
    const opened = await openPage(origin)
    const { page } = opened
    await signIn(page, 'Ben', PASSPHRASE)
    await settings(opened)
    await page.getByText('Change the passphrase').click()
    await opened.effort()
    await page.getByLabel('Passphrase until now').fill('not this one at all')
    await page.getByLabel('New passphrase').fill(OTHER)
    await page.getByRole('button', { name: 'Set the passphrase' }).click()
    await page.getByText('This is not the passphrase of your account.').waitFor()
    await page.getByLabel('Passphrase until now').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Set the passphrase' }).click()
    await page.getByText('The new passphrase holds from now on.').waitFor()
    assert.deepEqual(await opened.violations(), [])
    await page.context().clearCookies()
    await page.goto(`${origin}/?`)
    await signIn(page, 'Ben', OTHER)
    await page.locator('header nav').waitFor()
    await leave(opened)
  })

  it('gets a new passphrase from an admin, where it forgot its own', async () => {
    const opened = await openPage(origin)
    const { page } = opened
    await signIn(page, 'Ada', PASSPHRASE)
    await settings(opened)
    await opened.effort()
    await page.getByRole('button', { name: 'Give Ben a new passphrase' }).click()
    await page.locator('tr', { hasText: 'Ben' }).getByLabel('New passphrase').fill(PASSPHRASE)
    assert.deepEqual(await opened.violations(), [])
    await page.getByRole('button', { name: 'Set the passphrase' }).click()
    await page.getByText('Ben enters with the new passphrase from now on').waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 2, fields: 1 })
    await leave(opened)
    const ben = await openPage(origin)
    await signIn(ben.page, 'Ben', PASSPHRASE)
    await ben.page.locator('header nav').waitFor()
    await leave(ben)
  })
})
