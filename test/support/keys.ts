import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import { until } from './nodes.ts'

type Role = Parameters<Page['getByRole']>[0]

/** A page of a long list has many stops; more than these are a trap or nothing. */
const STOPS_MAX = 200

/** Somebody without a pointer: Tab, Enter, Space, arrows and letters, on what has the focus, which has to be seen and must never be lost. */
export class Keys {
  readonly #page: Page
  /** What is taken where a file is asked for. */
  #file = ''

  constructor (page: Page) {
    this.#page = page
    // From the beginning: what asks for a file before the browser knows that a test answers is never answered.
    page.on('filechooser', chooser => { void chooser.setFiles(this.#file) })
  }

  /** Tab until the thing of this name has the focus. */
  async to (role: Role, name: string | RegExp): Promise<void> {
    const wanted = this.#page.getByRole(role, { name, ...typeof name === 'string' ? { exact: true } : {} })
    await wanted.first().waitFor()
    const passed: string[] = []
    for (let stop = 0; stop < STOPS_MAX; stop++) {
      if (await wanted.evaluateAll(elements => elements.some(each => each === document.activeElement))) return
      await this.#page.keyboard.press('Tab')
      passed.push(await this.#seen())
      // At the end of the page comes the browser's own bar, and then the beginning: twice around is not there.
      if (passed.filter(each => each === passed[0]).length > 2) break
    }
    assert.fail(`Tab does not come to the ${role} ${String(name)}; it came to ${passed.join(', ')}`)
  }

  async press (key: 'Enter' | 'Space' | 'Escape' | 'Tab' | 'Shift+Tab' | 'ArrowDown' | 'ArrowUp' | 'ArrowRight' | 'ArrowLeft'): Promise<void> {
    await this.#page.keyboard.press(key)
  }

  /** Goes to something and does what it does. */
  async use (role: Role, name: string | RegExp, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
    await this.to(role, name)
    await this.press(key)
    await this.keepsFocus(`${role} ${String(name)}`)
  }

  async write (name: string | RegExp, text: string, role: Role = 'textbox'): Promise<void> {
    await this.to(role, name)
    await this.#page.keyboard.press('ControlOrMeta+a')
    await this.#page.keyboard.type(text)
  }

  /** In a list, by as many of its first letters as no other choice has. */
  async choose (name: string | RegExp, text: string): Promise<void> {
    await this.to('combobox', name)
    const list = this.#page.getByRole('combobox', { name, ...typeof name === 'string' ? { exact: true } : {} })
    // What there is to choose from may come after the list itself.
    await list.locator('option', { hasText: text }).first().waitFor({ state: 'attached' })
    const others = (await list.locator('option').allTextContents()).map(each => each.trim()).filter(each => each !== text)
    const letters = Array.from(text, (_letter, at) => text.slice(0, at + 1)).find(start => !others.some(each => each.startsWith(start))) ?? text
    await this.#page.keyboard.type(letters)
    assert.equal(await list.evaluate(element => element instanceof HTMLSelectElement ? element.selectedOptions[0]?.textContent?.trim() : ''), text)
  }

  /** Opens the browser's list of files, and takes one of them. */
  async bring (name: string, path: string): Promise<void> {
    this.#file = path
    await this.use('button', name)
  }

  /** What an action took away may have had the focus: something else has it then. */
  async keepsFocus (after: string): Promise<void> {
    await until(async () => await this.#page.evaluate(() => document.activeElement !== null && document.activeElement !== document.body), `something has the focus after ${after}`)
  }

  /** Tab through all of the content and out of it again, and back: nothing keeps the focus for itself. */
  async walks (): Promise<number> {
    const inside = async (): Promise<boolean> => await this.#page.evaluate(() => document.activeElement?.closest('main') != null)
    await this.#page.locator('#content').focus()
    for (const key of ['Tab', 'Shift+Tab'] as const) {
      let stops = 0
      if (key === 'Shift+Tab') await this.#page.keyboard.press(key)
      while (await inside()) {
        await this.#page.keyboard.press(key)
        if (await inside()) await this.#seen()
        assert.ok(++stops < STOPS_MAX, `${key} does not come out of the page`)
      }
      if (key === 'Shift+Tab') return stops
    }
    return 0
  }

  /** What has the focus now; fails where nobody sees that it has. */
  async #seen (): Promise<string> {
    const { what, isNowhere, isMarked, isInView } = await this.#page.evaluate(async () => {
      // What is above may have grown since: the browser scrolls with it in the next picture.
      await new Promise(resolve => { requestAnimationFrame(() => { requestAnimationFrame(resolve) }) })
      const focused = document.activeElement ?? document.body
      const ways = [focused, focused.closest('label'), focused.closest('.map')]
      const { left, right, top, bottom } = (focused.closest('label') ?? focused).getBoundingClientRect()
      return {
        what: `${focused.tagName.toLowerCase()} ${focused.getAttribute('type') ?? ''} "${(focused.getAttribute('aria-label') ?? focused.closest('label')?.textContent ?? focused.textContent ?? '').trim().replaceAll(/\s+/g, ' ').slice(0, 40)}"`,
        isNowhere: focused === document.body,
        isMarked: ways.some(each => each !== null && getComputedStyle(each).outlineStyle !== 'none' && parseFloat(getComputedStyle(each).outlineWidth) > 0),
        isInView: right > 0 && bottom > 0 && left < innerWidth && top < innerHeight
      }
    })
    assert.ok(isNowhere || isMarked, `nobody sees that ${what} has the focus`)
    assert.ok(isNowhere || isInView, `${what} has the focus outside of what is seen`)
    return isNowhere ? 'the browser' : what
  }
}
