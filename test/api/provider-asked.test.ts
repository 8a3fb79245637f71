import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { ProviderDesk } from '../../src/api/provider/index.ts'

describe('the desk for entering by a provider', () => {
  it('asks a provider that does not answer once at a time, however many want to enter', async () => {
    const answers: (() => void)[] = []
    const desk = new ProviderDesk({
      name: 'Login', issuer: 'https://login.example', clientId: 'hanse', clientSecret: null, scope: 'openid', roleClaim: 'groups', nameClaim: 'name', roles: new Map(),
      fetch: () => new Promise((_resolve, reject) => { answers.push(() => { reject(new Error('no answer')) }) })
    }, size => new Uint8Array(randomBytes(size)), Date.now)
    const began = Array.from({ length: 50 }, () => desk.begin('http://127.0.0.1:7480', '203.0.113.5'))
    while (answers.length === 0) await new Promise(resolve => { setImmediate(resolve) })
    for (let turn = 0; turn < 100; turn++) await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(answers.length, 1)
    answers[0]?.()
    for (const each of await Promise.all(began)) assert.ok(!each.ok && each.failure.code === 'unreachable')
    // The next one asks again.
    const again = desk.begin('http://127.0.0.1:7480', '203.0.113.5')
    while (answers.length === 1) await new Promise(resolve => { setImmediate(resolve) })
    answers[1]?.()
    assert.equal((await again).ok, false)
  })
})
