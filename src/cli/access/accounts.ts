import { PASSPHRASE_LENGTH_MIN, ROLES } from '../../sdk/index.ts'
import { failed, withNode } from '../client/index.ts'
import { newPassphrase, passphraseOption } from '../keys/index.ts'
import { answer, EXIT, formatTime, problem, table, type Command } from '../terminal/index.ts'

export const accountCommands: readonly Command[] = [
  {
    name: 'account add',
    summary: 'Make an account with which a person enters the console',
    arguments: [{ name: 'NAME', help: 'with which the person enters' }],
    options: [
      { name: 'role', value: 'ROLE', help: 'viewer (looks), publisher (publishes and runs the node), approver (decides for the member too) or admin (makes accounts and tokens too); default viewer' },
      passphraseOption
    ],
    examples: ['hanse account add Ada', 'hanse account add Ada --role admin --passphrase-file ./secret'],
    run: async call => {
      const wanted = call.text('role') ?? 'viewer'
      const role = ROLES.find(each => each === wanted)
      if (role === undefined) return problem(EXIT.usage, 'usage', `There is no role "${wanted}"`, `Write --role ${ROLES.join(', --role ')}.`)
      const [name = ''] = call.arguments
      const passphrase = await newPassphrase(call, `the account ${name}, of ${PASSPHRASE_LENGTH_MIN} characters at least`)
      if (!passphrase.ok) return passphrase
      return await withNode(call, async client => {
        const made = await client.addAccount({ name, role, passphrase: passphrase.value })
        return made.ok ? answer(made.value, `${made.value.name} enters the console with this passphrase from now on, as ${role}.`) : failed(made.failure)
      })
    }
  },
  {
    name: 'account list',
    summary: 'Show who has an account, and what each may do',
    arguments: [],
    options: [],
    examples: ['hanse account list', 'hanse account list --json'],
    run: async call => await withNode(call, async client => {
      const accounts = await client.accounts()
      if (!accounts.ok) return failed(accounts.failure)
      if (accounts.value.length === 0) return answer({ accounts: [] }, 'There is none. hanse account add NAME makes one.')
      return answer({ accounts: accounts.value }, table(
        [{ heading: 'NAME' }, { heading: 'ROLE' }, { heading: 'SINCE' }], accounts.value.map(({ name, role, createdMs }) => [name, role, formatTime(createdMs)])
      ))
    })
  },
  {
    name: 'account passphrase',
    summary: 'Give an account a new passphrase; it is signed out everywhere, and its passkeys end',
    arguments: [{ name: 'NAME', help: 'as in hanse account list' }],
    options: [passphraseOption],
    examples: ['hanse account passphrase Ada', 'hanse account passphrase Ada --passphrase-file ./secret'],
    run: async call => {
      const [name = ''] = call.arguments
      const passphrase = await newPassphrase(call, `the account ${name}, of ${PASSPHRASE_LENGTH_MIN} characters at least`)
      if (!passphrase.ok) return passphrase
      return await withNode(call, async client => {
        const set = await client.setPassphrase(name, passphrase.value)
        return set.ok ? answer({ name }, `${name} enters the console with this passphrase from now on, and with no other.`) : failed(set.failure)
      })
    }
  },
  {
    name: 'account remove',
    summary: 'Remove an account; who uses it is signed out at once',
    arguments: [{ name: 'NAME', help: 'as in hanse account list' }],
    options: [],
    examples: ['hanse account remove Ada'],
    run: async call => await withNode(call, async client => {
      const [name = ''] = call.arguments
      const removed = await client.removeAccount(name)
      return removed.ok ? answer({ removed: name }, `${name} cannot enter any more.`) : failed(removed.failure)
    })
  }
]
