import { strict as assert } from 'node:assert'
import { openConsole } from '../support/browser.ts'
import { withCities } from '../support/cities.ts'
import { until } from '../support/nodes.ts'
import { modulesOfPath, readQr } from '../support/qr.ts'
import { looksRight } from './cities.fixture.ts'

const WORDS = /^[a-z]+( [a-z]+){3}$/

describe('joining a federation in the console', function () {
  const { city } = withCities(['Bellevue', 'Renton', 'Kirkland'])

  it('is invited to by an empty node, in every look', async () => {
    await looksRight(city('Kirkland'), '#/welcome/federation', async ({ page }) => { await page.locator('textarea').waitFor() }, 'w1-welcome')
  })

  it('founds one with two, each within 4 fields and 5 clicks', async () => {
    const founder = await openConsole(city('Bellevue'))
    await founder.page.getByRole('link', { name: 'Found or join a federation' }).click()
    await founder.page.getByRole('button', { name: 'Found a federation' }).click()
    await founder.page.getByLabel('Name of the federation').fill('Lake Cities')
    await founder.page.getByLabel('Founders, you among them').fill('2')
    await founder.page.getByRole('button', { name: 'Found it' }).click()
    await founder.page.getByText('2 founders must agree, 1 of them have.').waitFor()
    const ticket = await founder.page.locator('pre code').innerText()
    assert.match(ticket, /^hanse1/)
    const code = founder.page.getByRole('img', { name: 'QR code of the ticket' })
    const [drawn, box] = [await code.locator('path').getAttribute('d'), await code.getAttribute('viewBox')]
    assert.equal(readQr(modulesOfPath(drawn ?? '', 4, Number(box?.split(' ')[3]))).toLowerCase(), ticket, 'the code on the page holds the ticket')
    assert.deepEqual(await founder.violations(), [])
    await founder.picture('w1-founding')
    const { clicks, fields } = await founder.effort()
    assert.ok(clicks <= 5 && fields <= 4, JSON.stringify({ clicks, fields }))

    const other = await openConsole(city('Renton'))
    await other.page.getByRole('link', { name: 'Found or join a federation' }).click()
    await other.page.getByLabel('Ticket').fill(ticket)
    await other.page.getByRole('button', { name: 'Apply' }).click()
    await other.page.getByText('You are a member of Lake Cities').waitFor()
    assert.deepEqual(await other.effort(), { clicks: 2, fields: 1 })
    await founder.page.getByText('You are a member of Lake Cities').waitFor()
    await founder.close()
    await other.close()
  })

  it('takes in a third by a ticket and a vote; who asks for it waits and then is a member', async () => {
    const inviter = await openConsole(city('Bellevue'))
    await inviter.page.getByRole('link', { name: 'Federation' }).click()
    await inviter.page.getByRole('button', { name: 'Make a ticket' }).click()
    const ticket = await inviter.page.locator('pre code').filter({ hasText: 'hanse1' }).innerText()
    const newcomer = await openConsole(city('Kirkland'))
    await newcomer.page.getByRole('link', { name: 'Found or join a federation' }).click()
    await newcomer.page.getByLabel('Ticket').fill(`  ${ticket}\n`)
    await newcomer.page.getByRole('button', { name: 'Apply' }).click()
    await newcomer.page.getByText('You applied to Lake Cities').waitFor()
    assert.deepEqual(await newcomer.effort(), { clicks: 2, fields: 1 })
    const words = await newcomer.page.locator('.words strong').innerText()
    assert.match(words, WORDS)
    await newcomer.picture('c-words-applicant')
    assert.deepEqual(await newcomer.violations(), [])
    await inviter.page.getByRole('link', { name: 'Overview' }).click()
    await inviter.page.locator('.inbox').getByText('Kirkland wants to join').waitFor()
    await inviter.effort()
    await inviter.page.locator('.inbox').getByRole('link', { name: /Look at it/ }).click()
    assert.equal(await inviter.page.locator('.words strong').innerText(), words, 'both sides see the same four words')
    const byAnother = await city('Renton').client.invite({ federationName: 'Lake Cities', want: 0, validMs: 3_600_000 })
    const others = await city('Kirkland').client.join(byAnother.ok ? byAnother.value.ticket : assert.fail())
    assert.notEqual(others.ok ? others.value.newcomers[0]?.words.join(' ') : assert.fail(), words, 'the ticket of another inviter gives other words')
    await inviter.page.getByRole('button', { name: 'Admit…' }).click()
    await inviter.page.getByText('All members are asked to admit Kirkland').waitFor()
    const first = await applied()
    const again = await city('Kirkland').client.join(ticket)
    assert.equal(again.ok ? again.value.newcomers[0]?.words.join(' ') : assert.fail(), words)
    await until(async () => await applied() !== first, 'the application came again')
    const asked = await inviter.page.waitForRequest(request => request.url().endsWith('/applications'))
    await (await asked.response())?.finished()
    await inviter.picture('w1-application')
    assert.deepEqual(await inviter.violations(), [])
    await inviter.page.getByRole('button', { name: 'Propose to admit' }).click()
    await inviter.page.getByText('You voted yes.').or(inviter.page.getByText('Nothing is to be voted on.')).waitFor()
    assert.deepEqual(await inviter.effort(), { clicks: 3, fields: 0 })
    await inviter.close()
    const voter = await openConsole(city('Renton'))
    await voter.page.locator('.inbox').getByRole('link', { name: /Vote/ }).click()
    await voter.page.getByRole('button', { name: 'Yes…' }).click()
    await voter.page.getByText('You vote yes, for good.').waitFor()
    await voter.page.getByRole('button', { name: 'Vote yes' }).click()
    await voter.page.getByText('Nothing is to be voted on.').waitFor()
    await newcomer.page.getByText('You are a member of Lake Cities').waitFor({ timeout: 60_000 })
  })

  /** Which application lies before Bellevue. */
  async function applied (): Promise<string | undefined> {
    const applications = await city('Bellevue').client.applications()
    return applications.ok ? applications.value[0]?.id : undefined
  }
})
