import { strict as assert } from 'node:assert'
import { queryPageSchema } from '../../src/sdk/query/index.ts'

describe('rows as a client reads them', () => {
  it('say under each name what the row says, and nothing under others', () => {
    const text = '{"rows": [{"number": 0, "timeMs": 0, "values": {"__proto__": "seven", "a": 1}, "place": null}], "next": null, "incomplete": null}'
    const [row] = queryPageSchema.parse(JSON.parse(text)).rows
    assert.deepEqual([row?.values['__proto__'], row?.values['a'], row?.values['constructor']], ['seven', 1, undefined])
    assert.deepEqual(Object.keys(row?.values ?? {}), ['__proto__', 'a'])
    assert.equal(queryPageSchema.safeParse(JSON.parse(text.replace('{"__proto__": "seven", "a": 1}', '["a"]'))).success, false)
  })
})
