import { strict as assert } from 'node:assert'
import { operations } from '../../src/sdk/contract/index.ts'
import { createClient, Transport, type Client } from '../../src/sdk/index.ts'
import { passkeyClient } from '../../src/sdk/passkeys/index.ts'
import { providerClient } from '../../src/sdk/provider/index.ts'
import { describeDataset } from '../support/apiServer.ts'

/** What the client leaves to other tools: files for those that read them, and what a browser does for itself. */
const FOR_OTHERS_TOOLS: readonly string[] = [
  'api.describe', 'basemap.read', 'bundles.download', 'datasets.download', 'datasets.places', 'datasets.socket', 'datasets.vehiclePositions', 'passkeys.enter', 'provider.enter', 'sessions.begin', 'sessions.show', 'sessions.end'
]
/** Standards that have clients of their own, and pages, stand outside of this path. */
const OURS = ['/api/v1', '/.well-known']

const signal = AbortSignal.timeout(60_000)
const nothing = async function * (): AsyncGenerator<Uint8Array> {}

/** One use of each method. The compiler misses one that is new. */
const USES: { readonly [Name in keyof Client]: (client: Client) => Promise<unknown> } = {
  status: client => client.status(),
  peers: client => client.peers(),
  members: client => client.members(),
  profile: client => client.profile(),
  setPlace: client => client.setPlace({ latitude: 47.6, longitude: -122.2 }),
  invite: client => client.invite({ federationName: 'x', want: 1, validMs: 1_000 }),
  join: client => client.join('x'),
  revoke: client => client.revoke(new Uint8Array(1)),
  datasets: client => client.datasets({}),
  dataset: client => client.dataset('x'),
  history: client => client.history('x'),
  publish: client => client.publish(describeDataset('x'), { form: 'stream', mediaType: 'text/plain' }),
  append: client => client.append('x', [], { flush: true }),
  withdraw: client => client.withdraw('x'),
  fetch: client => client.fetch('x', { timeoutMs: 1 }),
  read: client => client.read('x', { from: 0, limit: 1 }),
  query: client => client.query('x', { limit: 1 }),
  sql: client => client.sql({ sql: 'x' }),
  sqlFile: client => client.sqlFile({ sql: 'x', format: 'csv' }),
  sqlTables: client => client.sqlTables(),
  follow: client => client.follow('x', { last: 0, signal }),
  content: client => client.content('x'),
  termsTemplate: client => client.termsTemplate('x'),
  reviewTerms: client => client.reviewTerms({}),
  setTerms: client => client.setTerms('x', {}),
  explain: client => client.explain('x', {}),
  derive: client => client.derive('x', { datasetId: 'y', title: 'y', description: '', terms: {} }),
  derivations: client => client.derivations(),
  verify: client => client.verify('x'),
  proof: client => client.proof('x', 0),
  makeBundle: client => client.makeBundle(['x']),
  openBundle: client => client.openBundle(nothing(), null),
  scrub: client => client.scrub(),
  basemap: client => client.basemap(),
  events: client => client.events({ signal }),
  stop: client => client.stop(),
  requestAgreement: client => client.requestAgreement('x', 'y', 0),
  negotiations: client => client.negotiations(),
  answerNegotiation: client => client.answerNegotiation('x', { do: 'deny', reason: '' }),
  agreements: client => client.agreements(),
  endAgreement: client => client.endAgreement('x', 'ended'),
  erase: client => client.erase('x', { type: 'dataset' }, 'order'),
  erasures: client => client.erasures(),
  receipts: client => client.receipts({ limit: 1 }),
  uses: client => client.uses('x'),
  proveUse: client => client.proveUse('x', 0),
  declareEmergency: client => client.declareEmergency({ incident: 'x', kinds: ['fire'], area: [], lifetimeMs: 1 }),
  emergencies: client => client.emergencies(),
  endEmergency: client => client.endEmergency('x'),
  confirmEmergency: client => client.confirmEmergency('x', 'y'),
  reviewEmergency: client => client.reviewEmergency('x'),
  ledger: client => client.ledger(),
  ledgerMembers: client => client.ledgerMembers(),
  applications: client => client.applications(),
  blocks: client => client.blocks({ limit: 1 }),
  proposals: client => client.proposals(),
  propose: client => client.propose({ kind: 'remove', member: 'x' }, 0),
  vote: client => client.vote('x', true, 0),
  rotateKey: client => client.rotateKey(0),
  submit: client => client.submit(new Uint8Array(1), 0),
  verifyLedger: client => client.verifyLedger(),
  ledgerProof: client => client.ledgerProof('x', 0),
  audit: client => client.audit('x'),
  checkpoint: client => client.checkpoint(),
  publicCheckpoint: client => client.publicCheckpoint(),
  tokens: client => client.tokens(),
  makeToken: client => client.makeToken({ label: 'x', scope: 'read' }),
  revokeToken: client => client.revokeToken('x'),
  accounts: client => client.accounts(),
  setPassphrase: client => client.setPassphrase('Ada', 'long enough for one'),
  changePassphrase: client => client.changePassphrase({ passphrase: 'long enough for one', newPassphrase: 'long enough for another' }),
  addAccount: client => client.addAccount({ name: 'Ada', role: 'viewer', passphrase: 'long enough for one' }),
  removeAccount: client => client.removeAccount('Ada'),
  diagnose: client => client.diagnose(),
  invitePerson: client => client.invitePerson(),
  connectors: client => client.connectors(),
  connector: client => client.connector('x'),
  inspect: client => client.inspect(new Uint8Array(1), 'x'),
  publishInspected: client => client.publishInspected('x', { description: describeDataset('x') }),
  removeInspected: client => client.removeInspected('x'),
  addConnector: client => client.addConnector({}),
  removeConnector: client => client.removeConnector('x'),
  restartConnector: client => client.restartConnector('x'),
  deadLetters: client => client.deadLetters('x', 1),
  push: client => client.push('x', 'text/csv', 'a\n')
}

describe('the client', () => {
  it('asks only what the contract has, and all of it that is not for others\' tools', async () => {
    const asked: string[] = []
    const options = {
      baseUrl: 'http://127.0.0.1:1', token: 'x',
      fetch: async (url: string, { method = 'GET' }: RequestInit) => {
        asked.push(`${method} ${new URL(url).pathname}`)
        return new Response('{}', { status: 418 })
      }
    }
    const client = createClient(options)
    for (const use of Object.values(USES)) await use(client)
    // Those of single pages.
    const [passkeys, provider] = [passkeyClient(new Transport(options)), providerClient(new Transport(options))]
    await Promise.all([passkeys.place(), passkeys.ask(), passkeys.list(), passkeys.begin('x'), passkeys.add('x', {}), passkeys.remove('x'), provider.show(), provider.begin()])
    const ids = asked.map(each => {
      const found = operations().filter(([, { method, path }]) => new RegExp(`^${method} ${path.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/g, '[^/]+')}$`).test(each))
      // What is named exactly wins over a parameter.
      const [best] = found.toSorted(([, one], [, other]) => one.path.split(':').length - other.path.split(':').length)
      assert.ok(best !== undefined, `the contract has no ${each}`)
      return best[0]
    })
    const ours = operations().filter(([, { path }]) => OURS.some(root => path.startsWith(root))).map(([id]) => id)
    assert.deepEqual(ours.filter(id => !ids.includes(id)).toSorted(), FOR_OTHERS_TOOLS.toSorted())
  })
})
