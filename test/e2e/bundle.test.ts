import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCity, type City } from '../../scripts/demo/city.ts'
import { closeBrowser, openConsole, startCities, withoutBrowser } from '../support/browser.ts'
import { publish } from './cities.fixture.ts'

describe('bundles in the console', function () {
  let cities: readonly City[] = []
  let stop = async (): Promise<void> => {}
  let folder = ''
  const at = (index: number): City => cities[index] ?? assert.fail('no such city')
  const end = async ({ process }: City): Promise<void> => {
    const exit = once(process, 'exit')
    process.kill('SIGTERM')
    await exit
  }

  before(async function () {
    const reason = withoutBrowser()
    if (reason !== undefined) {
      console.log(reason)
      this.skip()
    }
    folder = await mkdtemp(join(tmpdir(), 'hanse-bundle-'))
    const started = await startCities(['Bellevue', 'Renton', 'Kirkland'], 'Lake Cities')
    cities = started.cities
    stop = started.stop
    await end(at(1))
    await publish(at(0), { datasetId: 'bins', title: 'Bins' })
    await publish(at(0), { datasetId: 'secret', title: 'Secret <b>bins</b>', to: ['Kirkland'] })
  })
  after(async () => {
    await closeBrowser()
    await stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('are made for one that is away within 4 clicks and no field, without what it may not have', async () => {
    const opened = await openConsole(at(0))
    const { page } = opened
    await page.getByRole('link', { name: 'Federation' }).click()
    await page.getByText('Not reachable since').waitFor()
    await page.getByLabel('For whom').selectOption({ label: 'Renton' })
    const download = page.waitForEvent('download')
    await page.getByText('for Renton alone').waitFor()
    await page.getByRole('link', { name: 'Download the bundle for Renton' }).click()
    await copyFile(await (await download).path(), join(folder, 'renton.car'))
    assert.equal((await download).suggestedFilename(), 'Renton.car')
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 4 && fields === 0, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('w1-bundle-make')
    await opened.close()
  })

  it('are opened on the other side, which is alone, within 4 clicks: what is new, then that all is known, then what is refused', async () => {
    await end(at(0))
    await end(at(2))
    const renton = await startCity('Renton', at(1).folder)
    const whole = await readFile(join(folder, 'renton.car'))
    const damaged = Uint8Array.from(whole, (byte, index) => index === whole.length - 40 ? byte ^ 1 : byte)
    await writeFile(join(folder, 'damaged.car'), damaged)
    const opened = await openConsole(renton)
    const { page } = opened
    await page.getByRole('link', { name: 'Federation' }).click()
    const file = page.getByLabel('Bundle', { exact: true })
    await file.setInputFiles(join(folder, 'renton.car'))
    await page.getByText(/of renton\.car were? new and (is|are) kept/).waitFor()
    await page.getByText('Nothing in it was refused.').waitFor()
    const { clicks, fields } = await opened.effort()
    assert.ok(clicks <= 4 && fields === 0, JSON.stringify({ clicks, fields }))
    assert.deepEqual(await opened.violations(), [])
    await opened.picture('w1-bundle-open')
    await file.setInputFiles(join(folder, 'renton.car'))
    await page.getByText('Everything in renton.car was here already.').waitFor()
    await file.setInputFiles(join(folder, 'damaged.car'))
    await page.getByText('damaged.car was refused, or a part of it.').waitFor()
    // The refusal of the node is what the browser calls an error here.
    await assert.rejects(opened.close(), /422/)
    const dataset = await renton.client.dataset('Bellevue/bins')
    assert.ok(dataset.ok && dataset.value.held.phase === 'complete', JSON.stringify(dataset))
    assert.ok(!(await renton.client.dataset('Bellevue/secret')).ok)
  })
})
