import { strict as assert } from 'node:assert'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { hex } from '../../src/base/index.ts'
import { SEED, randomFrom } from '../support/chance.ts'
import { STREAM, TABLE, readBack, tableHeld, type Fact, type MortalOptions, type Stretch } from '../support/mortal.ts'
import { connected, found, makeCity, removeCities, startCity, until, type City } from '../support/nodes.ts'
import { heldBy, publish, streamOf } from '../support/publications.ts'

const KILLS = Number(process.env['HANSE_KILLS'] ?? 10)
const MORTAL = join(import.meta.dirname, '../support/mortal.ts')
const READY_WITHIN_MS = 60_000
/** After it is ready, or after it was started where it is killed while it starts. */
const LIVES_MS_MAX = 500
const STARTS_MS_MAX = 1_500
const PART_KILLED_AT_START = 0.25

type Role = MortalOptions['role']
type Life = { readonly child: ChildProcess, readonly ended: Promise<unknown>, hasRead: boolean }

/** What was promised and what was seen, over all lives of both nodes. */
class Witness {
  /** `run/number` of the record at each number of the stream that was acknowledged. */
  readonly acknowledged: Map<number, string> = new Map()
  readonly wrong: string[] = []
  readonly startsMs: number[] = []
  table: readonly [run: number, version: number] = [0, 0]
  readonly #roots = new Map<string, string>()
  readonly #lost = new Set<number>()

  take (role: Role, fact: Fact): void {
    switch (fact.fact) {
      case 'head': return this.#head(role, fact)
      case 'ready':
        this.startsMs.push(fact.startMs)
        if (fact.alarms.length > 0) this.wrong.push(`${role}: ${fact.alarms.join('; ')}`)
        return
      case 'held': return this.held(role, fact.stretches, fact.table)
      case 'wrong': return void this.wrong.push(`${role}: ${fact.what}`)
      case 'acknowledged': {
        const [run, from, count] = fact.stretch
        for (let at = 0; at < count; at++) this.acknowledged.set(fact.first + at, `${run}/${from + at}`)
        return
      }
      case 'published': this.table = [fact.run, fact.version]
    }
  }

  #head (role: Role, { feed, length, root }: Extract<Fact, { fact: 'head' }>): void {
    const known = this.#roots.get(`${feed}/${length}`)
    if (known !== undefined && known !== root) this.wrong.push(`${role}: two roots of ${feed} at length ${length}`)
    this.#roots.set(`${feed}/${length}`, root)
  }

  /** The writer must hold all that it acknowledged; a replica may lack the end, and nothing else. */
  held (role: Role, stretches: readonly Stretch[], table: readonly [number, number] | null): void {
    const records = stretches.flatMap(([run, from, count]) => Array.from({ length: count }, (_, at) => `${run}/${from + at}`))
    for (const [number, record] of this.acknowledged) {
      const found = records[number]
      if (found === record || (role === 'replica' && found === undefined)) continue
      this.#lost.add(number)
      this.wrong.push(`${role}: record ${number} was acknowledged as ${record} and is ${found}`)
    }
    const [run, version] = table ?? [0, 0]
    const isOlder = run < this.table[0] || (run === this.table[0] && version < this.table[1])
    if (role === 'writer' && isOlder) this.wrong.push(`the table was acknowledged as ${this.table.join('/')} and is ${run}/${version}`)
  }

  get heads (): number {
    return this.#roots.size
  }

  get lost (): number {
    return this.#lost.size
  }
}

describe('two nodes under kill -9', function () {
  this.timeout(60_000 + KILLS * 20_000)
  let cities: readonly City[] = []
  const lives = new Map<Role, Life>()
  const witness = new Witness()
  let runs = 0

  before(async () => {
    cities = [await makeCity('Ada'), await makeCity('Ben')]
    await found(cities)
    await connected(cities)
    const [ada, ben] = cities
    assert.ok(ada !== undefined && ben !== undefined)
    await publish(ada.node, streamOf(STREAM))
    await until(() => ben.node.dataset(STREAM).ok, 'the stream is known')
    for (const { node } of cities) await node.stop()
  })
  after(async () => {
    for (const { child, ended } of lives.values()) {
      child.kill('SIGKILL')
      await ended
    }
    await removeCities(cities)
  })

  it(`lose nothing that was acknowledged and never contradict themselves, through ${KILLS} kills at random moments (seed ${SEED})`, async () => {
    const random = randomFrom(SEED)
    for (const role of ['writer', 'replica'] as const) lives.set(role, bear(role))
    // Chance may end every life before it has acknowledged much: there is something to lose from the first kill on.
    await until(() => witness.acknowledged.size > KILLS, 'records were acknowledged', READY_WITHIN_MS)
    for (let kill = 0; kill < KILLS; kill++) {
      const role = random() < 0.6 ? 'writer' : 'replica'
      const life = lives.get(role)
      assert.ok(life !== undefined)
      const isAtStart = random() < PART_KILLED_AT_START
      if (!isAtStart) await until(() => life.hasRead || life.child.exitCode !== null, `the ${role} has started`, READY_WITHIN_MS)
      await new Promise(resolve => { setTimeout(resolve, random() * (isAtStart ? STARTS_MS_MAX : LIVES_MS_MAX)) })
      assert.equal(life.child.exitCode, null, `the ${role} ended by itself: ${witness.wrong.join('\n')}`)
      life.child.kill('SIGKILL')
      await life.ended
      lives.set(role, bear(role))
      assert.deepEqual(witness.wrong, [], `seed ${SEED}, after kill ${kill + 1}`)
    }
    await until(() => [...lives.values()].every(life => life.hasRead), 'both have started once more', READY_WITHIN_MS)
    for (const { child, ended } of lives.values()) {
      child.kill('SIGKILL')
      await ended
    }
    assert.deepEqual(witness.wrong, [], `seed ${SEED}`)
  })

  it('hold the same in the end, every record verified', async () => {
    for (const city of cities) Object.assign(city, await startCity(city))
    const [ada, ben] = cities
    assert.ok(ada !== undefined && ben !== undefined)
    await connected(cities)
    const all = await readBack(ada.node)
    witness.held('writer', all, await tableHeld(ada.node))
    const records = all.reduce((sum, [, , count]) => sum + count, 0)
    await until(() => {
      const held = heldBy(ben.node, STREAM)
      return held?.phase === 'complete' && held.records === records
    }, 'the replica has caught up', 60_000)
    await until(async () => (await tableHeld(ben.node))?.join() === (await tableHeld(ada.node))?.join(), 'the replica has the table', 60_000)
    assert.deepEqual(await readBack(ben.node), all)
    for (const { node } of cities) {
      for (const dataset of [STREAM, TABLE]) {
        const verified = await node.verify(dataset)
        assert.ok(verified.ok && verified.value.verified, JSON.stringify(verified))
      }
      assert.equal(node.status().feeds.frozen, 0)
    }
    assert.deepEqual(witness.wrong, [])
    process.stderr.write(`      ${KILLS} kills: ${witness.acknowledged.size} records acknowledged, ${witness.lost} lost, ${witness.heads} heads seen, ` +
      `${records} records held; ${witness.startsMs.length} starts, at most ${Math.round(Math.max(...witness.startsMs))} ms\n`)
  })

  function bear (role: Role): Life {
    const city = cities[role === 'writer' ? 0 : 1]
    assert.ok(city !== undefined)
    const { name, folder, port, seeds } = city
    const { root, rootPublicKey, node, transport, encryption } = seeds
    const options: MortalOptions = {
      name, folder, port, role, run: ++runs,
      seeds: { root: hex(root ?? new Uint8Array(0)), rootPublicKey: hex(rootPublicKey), node: hex(node), transport: hex(transport), encryption: hex(encryption) }
    }
    const child = spawn(process.execPath, [MORTAL, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] })
    const life: Life = { child, ended: once(child, 'close'), hasRead: false }
    createInterface({ input: child.stdout }).on('line', line => {
      // A line that the kill cut off was never said.
      if (!line.endsWith('}')) return
      const fact = JSON.parse(line) as Fact
      witness.take(role, fact)
      if (fact.fact === 'held') life.hasRead = true
    })
    createInterface({ input: child.stderr }).on('line', line => { witness.wrong.push(`${role}: ${line}`) })
    return life
  }
})
