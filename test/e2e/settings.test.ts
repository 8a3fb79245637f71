import { strict as assert } from 'node:assert'
import { chmod } from 'node:fs/promises'
import { openConsole, type Console } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'

describe('settings in the console', function () {
  this.timeout(120_000)
  const { city } = withCities(['Bellevue'], 'Lake Cities')

  const open = async (look: Parameters<typeof openConsole>[1] = {}): Promise<Console> => {
    const opened = await openConsole(city(), look)
    await opened.go('#/settings')
    await opened.page.getByRole('heading', { level: 1, name: look.language === 'de' ? 'Einstellungen' : 'Settings' }).waitFor()
    return opened
  }

  it('tell how the node is, by checks that it makes at once', async () => {
    const opened = await open()
    const { page } = opened
    const health = page.getByRole('region', { name: 'Health' })
    for (const check of ['node version', 'folder', 'disk', 'clock', 'certificate', 'copies', 'ledger']) await health.getByRole('rowheader', { name: check, exact: true }).waitFor()
    await health.getByText(/Node 24/).waitFor()
    await opened.effort()
    await health.getByRole('button', { name: 'Check again' }).click()
    assert.deepEqual(await opened.effort(), { clicks: 1, fields: 0 })
    await page.getByText('hanse key backup FILE').waitFor()
    await chmod(city().folder, 0o755)
    await health.getByRole('button', { name: 'Check again' }).click()
    await health.getByText('One check needs attention.').waitFor()
    await health.getByText(`Run chmod 700 ${city().folder}`).waitFor()
    await opened.picture('settings-warning')
    await chmod(city().folder, 0o700)
    await health.getByRole('button', { name: 'Check again' }).click()
    await health.getByText('All checks are well.').waitFor()
  })

  it('make a token that is shown once, and end it after saying what that does', async () => {
    const opened = await open()
    const { page } = opened
    const tokens = page.getByRole('region', { name: 'Tokens for programs' })
    await opened.effort()
    await tokens.getByLabel('What it is for').fill('dashboard <b>')
    await tokens.getByRole('button', { name: 'Make a token' }).click()
    const token = await tokens.locator('pre code').textContent()
    assert.match(token ?? '', /^hanse_[a-z2-7]{52}$/)
    assert.deepEqual(await opened.effort(), { clicks: 1, fields: 1 })
    const status = async (): Promise<number> => (await fetch(`${opened.url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })).status
    assert.equal(await status(), 200)
    await opened.picture('settings-token')
    await page.reload()
    await tokens.getByRole('rowheader', { name: 'dashboard <b>' }).waitFor()
    assert.equal(await tokens.locator('pre code').count(), 0)
    await tokens.getByRole('button', { name: 'End the token dashboard <b>' }).click()
    await tokens.getByText('is refused from this moment on').waitFor()
    await tokens.getByRole('button', { name: 'End', exact: true }).click()
    await tokens.getByText('No program has a token yet.').waitFor()
    assert.equal(await status(), 401)
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const language of ['en', 'de'] as const) {
      it(`have nothing that axe complains about, ${theme}, in ${language}`, async () => {
        const opened = await open({ theme, language, width: theme === 'dark' ? 400 : 1280 })
        await opened.page.getByRole('rowheader', { name: language === 'de' ? 'Platte' : 'disk' }).waitFor()
        await opened.page.getByRole('heading', { name: language === 'de' ? 'Tokens für Programme' : 'Tokens for programs' }).waitFor()
        assert.deepEqual(await opened.violations(), [])
        await opened.picture('settings')
      })
    }
  }
})
