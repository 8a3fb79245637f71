import { ACCOUNTS_PATH, accountsSchema, accountViewSchema, type AccountRequest, type AccountView } from './accounts/index.ts'
import { SESSION_PATH, entrySchema, type Entry, type PassphraseChange } from './sessions/index.ts'
import { DIAGNOSIS_PATH, diagnosisSchema, type Diagnosis } from './diagnosis/index.ts'
import { madeTokenSchema, TOKENS_PATH, tokensSchema, type MadeToken, type TokenRequest, type TokenView } from './tokens/index.ts'
import { nothing, type Answer, type Transport } from './transport.ts'

/** What a program does about who may use the node, and how that is. */
export type AccessClient = {
  tokens (): Answer<readonly TokenView[]>
  /** The token is in this answer alone. */
  makeToken (request: TokenRequest): Answer<MadeToken>
  revokeToken (id: string): Answer<null>
  accounts (): Answer<readonly AccountView[]>
  addAccount (request: AccountRequest): Answer<AccountView>
  /** For somebody who forgot it; sessions and passkeys of the account end. */
  setPassphrase (name: string, passphrase: string): Answer<null>
  /** Of the account that is signed in here; its other sessions end. */
  changePassphrase (change: PassphraseChange): Answer<null>
  /** Its sessions end too. */
  removeAccount (name: string): Answer<null>
  diagnose (): Answer<Diagnosis>
  /** A link with which a browser enters once. */
  invitePerson (): Answer<Entry>
}

export function accessClient (transport: Transport): AccessClient {
  return {
    tokens: () => transport.json({ method: 'GET', path: TOKENS_PATH }, tokensSchema),
    makeToken: request => transport.json({
      method: 'POST', path: TOKENS_PATH, headers: { 'content-type': 'application/json' }, body: JSON.stringify(request)
    }, madeTokenSchema),
    revokeToken: id => nothing(transport, { method: 'DELETE', path: `${TOKENS_PATH}/${encodeURIComponent(id)}` }),
    accounts: () => transport.json({ method: 'GET', path: ACCOUNTS_PATH }, accountsSchema),
    addAccount: request => transport.json({
      method: 'POST', path: ACCOUNTS_PATH, headers: { 'content-type': 'application/json' }, body: JSON.stringify(request)
    }, accountViewSchema),
    setPassphrase: (name, passphrase) => nothing(transport, {
      method: 'PUT', path: `${ACCOUNTS_PATH}/${encodeURIComponent(name)}/passphrase`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ passphrase })
    }),
    changePassphrase: change => nothing(transport, { method: 'PUT', path: `${SESSION_PATH}/passphrase`, headers: { 'content-type': 'application/json' }, body: JSON.stringify(change) }),
    removeAccount: name => nothing(transport, { method: 'DELETE', path: `${ACCOUNTS_PATH}/${encodeURIComponent(name)}` }),
    diagnose: () => transport.json({ method: 'GET', path: DIAGNOSIS_PATH }, diagnosisSchema),
    invitePerson: () => transport.json({ method: 'POST', path: `${SESSION_PATH}/entries` }, entrySchema)
  }
}
