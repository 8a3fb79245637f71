import type { TokenView } from '../../sdk/index.ts'
import { failed, wholeNumber, withNode } from '../client/index.ts'
import { answer, count, EXIT, formatTime, problem, table, type Command } from '../terminal/index.ts'

const DAY_MS = 86_400_000
const VALID_DAYS = 365
const VALID_DAYS_MAX = 3_650
const SCOPES = ['read', 'operate', 'decide'] as const

export const tokenAddCommand: Command = {
  name: 'token add',
  summary: 'Make a token with which a program uses this node; it is shown once',
  arguments: [{ name: 'LABEL', help: 'what it is for, as you will find it in the list' }],
  options: [
    { name: 'scope', value: 'SCOPE', help: 'read (looks), operate (publishes and runs the node) or decide (speaks for the member); default read' },
    { name: 'for', value: 'WHO', help: 'reads in the name of this member, or of "outside", and sees what it may see; left out: as you do' },
    { name: 'purpose', value: 'IRI', help: 'what for, where a request does not say' },
    { name: 'days', value: 'N', help: `for how many days it is good (default ${VALID_DAYS})` }
  ],
  examples: ['hanse token add dashboard', 'hanse token add gateway --scope operate --days 90', 'hanse token add "Renton\'s planner" --for Renton --json'],
  run: async call => {
    const scope = SCOPES.find(each => each === (call.text('scope') ?? 'read'))
    if (scope === undefined) return problem(EXIT.usage, 'usage', `There is no scope "${call.text('scope') ?? ''}"`, `Write --scope ${SCOPES.join(', --scope ')}.`)
    const days = wholeNumber(call, 'days', VALID_DAYS, { min: 1, max: VALID_DAYS_MAX })
    if (!days.ok) return days
    const [label = ''] = call.arguments
    return await withNode(call, async client => {
      const made = await client.makeToken({ label, scope, requester: call.text('for'), purpose: call.text('purpose'), validMs: days.value * DAY_MS })
      if (!made.ok) return failed(made.failure)
      const { token, view } = made.value
      return answer({ ...view, token }, [
        token, '', `${whatFor(view)} until ${formatTime(view.expiresMs)}. It is not shown again; send it as "Authorization: Bearer TOKEN".`
      ].join('\n'))
    })
  }
}

export const tokenListCommand: Command = {
  name: 'token list',
  summary: 'Show the tokens that were made, what each may do and when it was last used',
  arguments: [],
  options: [],
  examples: ['hanse token list', 'hanse token list --json'],
  run: async call => await withNode(call, async client => {
    const tokens = await client.tokens()
    if (!tokens.ok) return failed(tokens.failure)
    if (tokens.value.length === 0) return answer({ tokens: [] }, 'There is none. hanse token add LABEL makes one.')
    const rows = tokens.value.map(({ id, label, scope, requester, expiresMs, lastUsedHourMs }) => [
      id, label, scope, requester ?? 'you', formatTime(expiresMs), lastUsedHourMs === null ? 'never' : formatTime(lastUsedHourMs)
    ])
    return answer({ tokens: tokens.value }, table(
      [{ heading: 'ID' }, { heading: 'LABEL' }, { heading: 'SCOPE' }, { heading: 'AS' }, { heading: 'UNTIL' }, { heading: 'LAST USED' }], rows
    ))
  })
}

export const tokenRevokeCommand: Command = {
  name: 'token revoke',
  summary: 'End a token at once',
  arguments: [{ name: 'ID', help: 'its id or its label, as in hanse token list' }],
  options: [],
  examples: ['hanse token revoke dashboard', 'hanse token revoke 3f9c2a7be01d4455'],
  run: async call => await withNode(call, async client => {
    const [named = ''] = call.arguments
    const tokens = await client.tokens()
    if (!tokens.ok) return failed(tokens.failure)
    const found = tokens.value.filter(({ id, label }) => id === named || label === named)
    const [token] = found
    if (token === undefined) return problem(EXIT.notFound, 'not-found', `There is no token ${named}`, 'See hanse token list.')
    if (found.length > 1) return problem(EXIT.failed, 'ambiguous', `${count(found.length, 'token')} are called ${named}`, 'Name the one by its id, as in hanse token list.')
    const revoked = await client.revokeToken(token.id)
    return revoked.ok ? answer({ revoked: token.id }, `${token.label} opens nothing any more.`) : failed(revoked.failure)
  })
}

function whatFor ({ scope, requester }: TokenView): string {
  if (requester !== null) return requester === 'outside' ? 'It reads what anybody may read,' : `It reads what ${requester} may read,`
  return scope === 'read' ? 'It reads what you may read,' : scope === 'operate' ? 'It publishes and runs the node' : 'It speaks for this member'
}
