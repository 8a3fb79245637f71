import { strict as assert } from 'node:assert'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openConsole, openPage, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { publish } from './cities.fixture.ts'

const PASSPHRASE = 'a horse that nobody staples'

describe('signing in to the console', function () {
  this.timeout(120_000)
  const { city } = withCities(['Bellevue'], 'Lake Cities')
  let url = ''

  /** The browser calls the refusal of the node that nobody is signed in an error. */
  const leave = async (opened: Console): Promise<void> => { await assert.rejects(opened.close(), /401/) }

  it('makes the first account of who came in by a link', async () => {
    const opened = await openConsole(city())
    const { page } = opened
    url = opened.url
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await opened.effort()
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Make an account' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('account')
    await page.getByRole('button', { name: 'Make the account' }).click()
    await page.getByText('Ada can enter with this passphrase from now on.').waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 3, fields: 2 })
    assert.equal((await stat(join(city().folder, 'accounts.json'))).mode & 0o777, 0o600)
    await page.getByRole('button', { name: 'Menu' }).click()
    assert.equal(await page.getByRole('link', { name: 'Make an account' }).count(), 0)
    const added = await city().client.addAccount({ name: 'Vera', role: 'viewer', passphrase: PASSPHRASE })
    assert.ok(added.ok)
  })

  it('takes name and passphrase, and tells what is wrong with others', async () => {
    const opened = await openPage(url)
    const { page } = opened
    await page.getByLabel('Name', { exact: true }).fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill('something else altogether')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByText('There is no account with this name and passphrase.').waitFor()
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.deepEqual(await opened.effort(), { clicks: 2, fields: 2 })
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('region', { name: 'Accounts' }).getByRole('rowheader', { name: 'Vera' }).waitFor()
    await opened.picture('accounts')
    await page.getByRole('button', { name: 'Remove the account Ada' }).click()
    await page.getByText('Ada is you: you are signed out at once').waitFor()
    await page.getByRole('button', { name: 'Keep' }).click()
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.getByRole('heading', { name: 'Enter the console' }).waitFor()
    await leave(opened)
  })

  it('says of a node that does not answer that it does not, and lets in when it does', async () => {
    const opened = await openPage(url)
    const { page } = opened
    await page.getByLabel('Name', { exact: true }).fill('Ada')
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.route('**/api/v1/session', async route => { await route.abort() }, { times: 1 })
    await page.getByRole('button', { name: 'Enter', exact: true }).click()
    await page.getByRole('alert').getByText(/^the node does not answer/i).waitFor()
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Enter', exact: true }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    // That nobody was signed in, and that nobody answered, is what the browser calls errors: it is nobody's fault.
    await assert.rejects(opened.close(), ({ actual }: { readonly actual: readonly string[] }) => actual.length === 2 && actual.every(fault => /status of 401|ERR_FAILED/.test(fault)))
  })

  it('shows a viewer no accounts and no tokens, and the node gives none', async () => {
    const opened = await openPage(url)
    const { page } = opened
    await page.getByLabel('Name', { exact: true }).fill('vera')
    await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByText('You are Vera. Viewer: sees all').waitFor()
    assert.equal(await page.getByRole('heading', { name: 'Tokens for programs' }).count(), 0)
    assert.equal(await page.evaluate(async () => (await fetch('/api/v1/tokens')).status), 403)
    await assert.rejects(opened.close(), /40[13]/)
  })

  it('gives the next one nothing of who left, and no end of a session that was another', async () => {
    await publish(city(), { datasetId: 'bins', title: 'Bins' })
    const opened = await openPage(url)
    const { page } = opened
    const enter = async (name: string): Promise<void> => {
      await page.getByLabel('Name', { exact: true }).fill(name)
      await page.getByLabel('Passphrase', { exact: true }).fill(PASSPHRASE)
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Menu' }).waitFor()
    }
    await enter('Ada')
    await opened.go('#/catalogue')
    await page.getByRole('searchbox').first().fill('what Ada looks for')
    const late = new Promise<() => Promise<void>>(resolve => {
      void page.route('**/api/v1/status', route => { resolve(() => route.fulfill({ status: 401, contentType: 'application/json', body: '{}' })) }, { times: 1 })
    })
    const answer = await late
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    await enter('Vera')
    const answered = page.waitForResponse(response => response.url().endsWith('/api/v1/status') && response.status() === 401)
    await answer()
    await (await answered).finished()
    await page.evaluate(async () => { await fetch('/api/v1/status') })
    assert.equal(await page.getByRole('heading', { name: 'Enter the console' }).count(), 0)
    assert.equal(await page.getByRole('searchbox').first().inputValue(), '')
    await assert.rejects(opened.close(), /401/)
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'de'] as const) {
      it(`has nothing that axe complains about, ${theme}, in ${language}`, async () => {
        const opened = await openPage(url, { theme, language, width: theme === 'dark' ? 400 : 1280 })
        await opened.page.getByLabel('Passphrase', { exact: true }).waitFor()
        assert.deepEqual(await opened.violations(), [])
        await opened.picture('signin')
        await leave(opened)
      })
    }
  }
})
