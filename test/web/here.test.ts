import { strict as assert } from 'node:assert'
import { once } from '../../src/web/here/once.ts'
import { inTurn } from '../../src/web/here/turn.ts'

/** Answers when it is told to. */
function answers<T> (): { readonly ask: () => Promise<T>, readonly asked: () => number, readonly answer: (value: T) => Promise<void> } {
  const waiting: ((value: T) => void)[] = []
  let asked = 0
  return {
    ask: () => new Promise(resolve => {
      asked++
      waiting.push(resolve)
    }),
    asked: () => asked,
    answer: async value => {
      (waiting.shift() ?? assert.fail('nothing was asked'))(value)
      await new Promise(resolve => { setImmediate(resolve) })
    }
  }
}

describe('what a page shows', () => {
  it('is asked one after the other, once more for all that was wanted meanwhile', async () => {
    const node = answers<string>()
    const shown: string[] = []
    const look = inTurn(async () => { shown.push(await node.ask()) })
    const first = look()
    const [second, third] = [look(), look()]
    assert.equal(node.asked(), 1)
    await node.answer('old')
    await first
    assert.equal(node.asked(), 2)
    const fourth = look()
    await node.answer('new')
    await Promise.all([second, third])
    await node.answer('newest')
    await fourth
    assert.deepEqual([shown, node.asked()], [['old', 'new', 'newest'], 3])
  })

  it('is asked again after a question that failed', async () => {
    let asked = 0
    const look = inTurn(() => ++asked === 1 ? Promise.reject(new Error('cut')) : Promise.resolve())
    await Promise.all([assert.rejects(look(), /cut/), look()])
    await look()
    assert.equal(asked, 3)
  })
})

describe('what is pressed twice', () => {
  const make = { method: 'POST', body: '{"label":"dashboard"}' }

  it('is sent once while no answer is there, and each press gets the answer', async () => {
    const node = answers<Response>()
    const send = once(node.ask)
    const texts = [send('/tokens', make), send('/tokens', make)].map(async sent => await (await sent).text())
    assert.equal(node.asked(), 1)
    await node.answer(new Response('made'))
    assert.deepEqual(await Promise.all(texts), ['made', 'made'])
    void send('/tokens', make)
    assert.equal(node.asked(), 2, 'after the answer it is another one')
  })

  it('is sent each time where it says something else, only asks, or brings a file', () => {
    const node = answers<Response>()
    const send = once(node.ask)
    for (const init of [make, { ...make, body: '{}' }, { ...make, method: 'PUT' }, {}, {}, { method: 'POST', body: new Blob(['a']) }, { method: 'POST', body: new Blob(['a']) }]) void send('/tokens', init)
    void send('/accounts', make)
    assert.equal(node.asked(), 8)
  })
})
