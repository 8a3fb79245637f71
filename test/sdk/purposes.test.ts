import { strict as assert } from 'node:assert'
import { coversPurpose, isKnownPurpose } from '../../src/core/policy/index.ts'
import { PURPOSE_NS, PURPOSES } from '../../src/sdk/index.ts'

describe('the purposes that people choose from', () => {
  it('are all known to the engine of terms, each activity covered by its domain', () => {
    for (const purpose of PURPOSES) {
      assert.ok(isKnownPurpose(PURPOSE_NS + purpose), purpose)
      assert.ok(coversPurpose(PURPOSE_NS + (purpose.split('.')[0] ?? ''), PURPOSE_NS + purpose), purpose)
    }
  })
})
