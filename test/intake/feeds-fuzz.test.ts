import { strict as assert } from 'node:assert'
import bindings from 'gtfs-realtime-bindings'
import { concat, textOf, utf8 } from '../../src/base/index.ts'
import { readerOf, type ReaderOptions } from '../../src/intake/feeds/index.ts'
import type { ReaderKind } from '../../src/intake/reader/index.ts'
import { recordComplaint } from '../../src/sdk/index.ts'
import { mutated } from '../base/mutate.fixture.ts'
import { FRAMES_TIMEOUT_MS, framesOf } from '../support/fuzz.ts'
import { ckanPage, JSON_LD, RDF_XML, TURTLE } from './catalogues.fixture.ts'
import { cap, GBFS_3, MDS, WZDX } from './feeds.fixture.ts'
import { readPages, recordsOf, type Pages } from './reading.fixture.ts'
import { zipOf } from './zip.fixture.ts'
import { SEED, randomFrom } from '../support/chance.ts'

const { FeedMessage } = bindings.transit_realtime

const REALTIME: Uint8Array = FeedMessage.encode({
  header: { gtfsRealtimeVersion: '2.0', incrementality: 0, timestamp: 1_700_000_090 },
  entity: [
    { id: 'a', vehicle: { vehicle: { id: '7', label: 'x' }, trip: { tripId: 't', startDate: '20231114' }, position: { latitude: 53.5, longitude: 10, speed: 3 }, timestamp: 1_700_000_080 } },
    { id: 'b', tripUpdate: { trip: { tripId: 't' }, stopTimeUpdate: [{ stopId: 's', arrival: { delay: -3, time: 1_700_000_000 } }] } },
    { id: 'c', alert: { activePeriod: [{ start: 1_700_000_000 }], informedEntity: [{ routeId: 'r' }], headerText: { translation: [{ text: 'x', language: 'de' }] } } }
  ]
}).finish()

const STOPS = 'stop_id,stop_name,stop_lat,stop_lon\r\n0017,"Main, North",53.55,10.0\r\nx,X,53.6,9.9\r\n'
const TIMETABLE: Uint8Array = zipOf([{ name: 'stops.txt', content: utf8(STOPS) }, { name: 'stop_times.txt', content: utf8('trip_id,stop_sequence,stop_id\nt,1,0017\n') }])
const FIRST = 'https://feed.example/api/3/first'
const [GBFS_FIRST = ''] = Object.keys(GBFS_3)

/** `share`: of the frames. Files on the disk and whole XML documents cost more than the rest. */
type Case = {
  readonly name: string, readonly kind: ReaderKind, readonly pages: Pages, readonly first?: string, readonly options?: ReaderOptions, readonly share?: number
  readonly mutate?: typeof mutated
}

const CASES: readonly Case[] = [
  { name: 'GTFS Realtime', kind: 'gtfs-realtime', pages: { [FIRST]: REALTIME } },
  { name: 'GTFS zip', kind: 'gtfs', pages: { [FIRST]: TIMETABLE }, share: 0.05 },
  // Of an archive hardly a mutation is read any further than its directory: here the table in it is mutated.
  { name: 'table in a GTFS zip', kind: 'gtfs', pages: { [FIRST]: STOPS }, share: 0.05, mutate: (table, random) => zipOf([{ name: 'stops.txt', content: mutated(table, random) }]) },
  { name: 'GTFS table', kind: 'gtfs', pages: { [FIRST]: STOPS }, share: 0.05 },
  { name: 'GBFS', kind: 'gbfs', pages: GBFS_3, first: GBFS_FIRST },
  { name: 'WZDx', kind: 'wzdx', pages: { [FIRST]: WZDX } },
  { name: 'CAP', kind: 'cap', pages: { [FIRST]: cap({ messageType: 'Update', references: 'a,b,c' }) } },
  { name: 'CAP in Atom', kind: 'cap', pages: { [FIRST]: `<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>${cap().replace(/^<\?xml.*\?>/, '')}</content></entry></feed>` } },
  { name: 'MDS', kind: 'mds', pages: { [FIRST]: MDS } },
  { name: 'CKAN', kind: 'ckan', pages: { [FIRST]: ckanPage(['a', 'b'], 2) }, options: { fetch: true } },
  { name: 'DCAT in Turtle', kind: 'dcat', pages: { [FIRST]: TURTLE }, options: { fetch: true } },
  { name: 'DCAT in RDF/XML', kind: 'dcat', pages: { [FIRST]: RDF_XML }, options: { fetch: true } },
  { name: 'DCAT in JSON-LD', kind: 'dcat', pages: { [FIRST]: JSON_LD }, options: { fetch: true } }
]

/** More work of this process than any document here takes: what takes so much would stall a node. */
const STALL_US = 2_000_000
/** Where one in a hundred is read, all of 6,000 are refused once in 10^26 runs. */
const GOES_ON_TIMES = 20

describe('readers of feeds', () => {
  for (const { name, kind, pages, first = FIRST, options = {}, share = 1, mutate = mutated } of CASES) {
    it(`take mutated ${name} without a throw, and give records that a stream can hold`, async function () {
      this.timeout(FRAMES_TIMEOUT_MS)
      const random = randomFrom(SEED)
      const urls = Object.keys(pages)
      const frames = Math.ceil(framesOf(300) * share)
      let taken = 0
      // Of some documents three mutations in a hundred are still read: it goes on until one is, so that the rest of the reader is seen too.
      for (let frame = 0; frame < frames || (taken === 0 && frame < frames * GOES_ON_TIMES); frame++) {
        const url = urls[Math.floor(random() * urls.length)] ?? first
        const good = pages[url] ?? ''
        const bad = mutate(typeof good === 'string' ? utf8(good) : good, random)
        const about = `seed ${SEED}, frame ${frame} of ${name}`
        const before = process.cpuUsage()
        // Addresses that the mutation made up are not there: then the reader waits for them in vain, as it would for a dead server.
        const everywhere = new Proxy<Pages>({ ...pages, [url]: bad }, { getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: '' }), get: (own, key) => Reflect.get(own, key) ?? '' })
        const result = await readPages(readerOf(kind, options), everywhere, first, async reading => {
          for (const output of reading.outputs) for (const record of await recordsOf(output)) assert.equal(recordComplaint(record), undefined, about)
          taken++
        }).catch((cause: unknown) => {
          // What an archive says while it is read ends the reading of that table.
          if (kind === 'gtfs' && cause instanceof Error && cause.name === 'ArchiveBroken') return undefined
          throw new Error(`${about}: ${cause instanceof Error ? cause.stack : String(cause)}\n${textOf(bad) ?? ''}`, { cause })
        })
        assert.ok(result === undefined || result.ok || result.failure.reason.length > 0, about)
        assert.ok(process.cpuUsage(before).user < STALL_US, `${about} stalls`)
      }
      assert.ok(taken > 0, `no mutation is read any more, seed ${SEED}`)
    })
  }

  it('take bytes that grow in memory by a hundredfold within limits', async () => {
    const entity = (inner: Uint8Array): Uint8Array => concat([new Uint8Array([0x12]), varint(inner.length), inner])
    const empties = new Uint8Array(4_000_000).fill(0).map((_, at) => at % 2 === 0 ? 0x12 : 0)
    // A trip update of two million empty stop times, in one entity and then in many.
    const one = concat([REALTIME.subarray(0, 13), entity(concat([new Uint8Array([0x0a, 1, 0x78, 0x1a]), varint(empties.length), empties]))])
    const before = process.memoryUsage().heapUsed
    const result = await readPages(readerOf('gtfs-realtime'), { [FIRST]: one }, FIRST)
    assert.ok(!result.ok || result.value.rejected.length > 0)
    assert.ok(process.memoryUsage().heapUsed - before < 64 * 1_048_576)
  })
})

function varint (value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 0x80)
  return new Uint8Array([...bytes, rest])
}
