import { ok, type Result } from '../../base/index.ts'
import type { Client, LedgerMember, ProposalRequest } from '../../sdk/index.ts'
import { argument, failed, withNode } from '../client/index.ts'
import { count, EXIT, problem, type Call, type Command, type Outcome, type Problem } from '../terminal/index.ts'
import { decide, DECIDING_OPTIONS, named, shortId } from './deciding.ts'
import { tallyText } from './vote.ts'

export const proposeCommands: readonly Command[] = [
  {
    name: 'propose join',
    summary: 'Propose to admit somebody who applied, or to give a member its seat on the ledger back',
    arguments: [{ name: 'MEMBER', help: 'key or name of who applied, as hanse applications shows it' }],
    options: [{ name: 'no-seat', help: 'without a seat: it does not take part in making blocks' }, ...DECIDING_OPTIONS],
    examples: ['hanse propose join did:key:z6MkKirkland', 'hanse propose join Kirkland --no-seat'],
    run: async call => await withNode(call, async client => {
      const applicant = await applicantOf(client, argument(call))
      if (!applicant.ok) return applicant
      const { did, name, words } = applicant.value
      const seat = !call.flag('no-seat')
      return await propose(call, client, { kind: 'join', member: did, seat }, [
        `Proposes to admit ${name} (${did}) as a member${seat ? ', with a seat among the validators from a seal on' : ', without a seat among the validators'}.`,
        ...words === null ? [] : [`${name} sees these four words too, if it is the one that you mean: ${words.join(' ')}.`],
        'Once it passes, its nodes may connect, see what members see, and vote on proposals.'
      ])
    })
  },
  {
    name: 'propose remove',
    summary: 'Propose to end a membership',
    arguments: [{ name: 'MEMBER', help: 'its name or key, as hanse members shows it' }],
    options: DECIDING_OPTIONS,
    examples: ['hanse propose remove Renton'],
    run: async call => await withNode(call, async client => await aboutMember(call, client, 'remove', name => [
      `Proposes to remove ${name} from the federation.`,
      'Once it passes, its nodes are cut off at once and its seat goes with the next seal. What it published stays with those who have it.'
    ]))
  },
  {
    name: 'propose park',
    summary: 'Propose to take a member out of the validators until it is back',
    arguments: [{ name: 'MEMBER', help: 'its name or key, as hanse members shows it' }],
    options: DECIDING_OPTIONS,
    examples: ['hanse propose park Renton'],
    run: async call => await withNode(call, async client => await aboutMember(call, client, 'park', name => [
      `Proposes to park the seat of ${name}.`,
      'Once it passes, fewer validators are needed from the next seal on. It stays a member, and is back among the validators when its node is.'
    ]))
  },
  {
    name: 'propose params',
    summary: 'Propose other parameters of the ledger',
    arguments: [{ name: 'NAME=VALUE', help: 'a parameter and a whole number, for instance anchorEveryMs=30000', repeated: true }],
    options: DECIDING_OPTIONS,
    examples: ['hanse propose params anchorEveryMs=30000'],
    run: async call => {
      const params = paramsOf(call)
      if (!params.ok) return params
      return await withNode(call, async client => await propose(call, client, { kind: 'params', params: params.value }, [
        `Proposes to set ${Object.entries(params.value).map(([name, value]) => `${name} to ${value}`).join(' and ')}, from the seal after it passes.`
      ]))
    }
  },
  {
    name: 'propose charter',
    summary: 'Propose how many votes a decision needs',
    arguments: [{ name: 'PARTS/OF', help: 'more than this share of all members, for instance 2/3' }],
    options: DECIDING_OPTIONS,
    examples: ['hanse propose charter 2/3'],
    run: async call => {
      const [, parts = '', of = ''] = /^(\d{1,2})\/(\d{1,3})$/.exec(argument(call)) ?? []
      if (parts === '') return problem(EXIT.usage, 'usage', `"${argument(call)}" is no share`, 'Write for instance 2/3.')
      return await withNode(call, async client => await propose(call, client, { kind: 'charter', votesAbove: { parts: Number(parts), of: Number(of) } }, [
        `Proposes that decisions need the votes of more than ${parts} of ${of} parts of the members, from the seal after it passes.`
      ]))
    }
  },
  {
    name: 'propose rebind',
    summary: 'Propose another root key for a member that lost its own, or had it stolen',
    arguments: [{ name: 'MEMBER', help: 'its name or key, as hanse members shows it' }, { name: 'KEY', help: 'did:key of the new root key, as its new node shows it' }],
    options: DECIDING_OPTIONS,
    examples: ['hanse propose rebind Renton did:key:z6MkNewKey'],
    run: async call => await withNode(call, async client => {
      const [, root = ''] = call.arguments
      const members = await client.ledgerMembers()
      if (!members.ok) return failed(members.failure)
      const member = memberNamed(members.value.filter(({ removed }) => !removed), argument(call))
      if (!member.ok) return member
      const { did, name } = member.value
      return await propose(call, client, { kind: 'rebind', member: did, root }, [
        `Proposes that ${name} speaks with the root key ${root} instead of ${did}.`,
        'Once it passes, all keys of before end at once. Make sure by another way than this network that the new key is theirs.'
      ])
    })
  },
  {
    name: 'propose protocol',
    summary: 'Propose to speak another version of the protocol',
    arguments: [
      { name: 'VERSION', help: 'a whole number, above the present one' }, { name: 'RELEASE', help: 'SHA-256 of the release that speaks it, in hex' }
    ],
    options: [{ name: 'from-height', value: 'HEIGHT', help: 'not before this block; at once where nothing is said' }, ...DECIDING_OPTIONS],
    examples: ['hanse propose protocol 2 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --from-height 5000'],
    run: async call => {
      const [versionText = '', release = ''] = call.arguments
      const height = call.text('from-height') ?? '0'
      if (!/^\d{1,5}$/.test(versionText) || !/^\d{1,15}$/.test(height)) return problem(EXIT.usage, 'usage', 'a version and a height are whole numbers', 'Write for instance: hanse propose protocol 2 RELEASE --from-height 5000')
      if (!/^[0-9a-f]{64}$/.test(release)) return problem(EXIT.usage, 'usage', `"${release}" is no SHA-256`, 'Take the 64 digits that sha256sum prints for the release.')
      const [version, notBeforeHeight] = [Number(versionText), Number(height)]
      return await withNode(call, async client => await propose(call, client, { kind: 'protocol', version, notBeforeHeight, release }, [
        `Proposes to speak version ${version} of the protocol${notBeforeHeight > 0 ? ` from block ${notBeforeHeight} on` : ''}.`,
        'Once it passes, it begins with the first seal at which enough validators have said that they speak it.'
      ]))
    }
  }
]

async function propose (call: Call, client: Client, request: ProposalRequest, effect: readonly string[]): Promise<Outcome> {
  const members = await client.ledgerMembers()
  if (!members.ok) return failed(members.failure)
  const active = members.value.filter(({ removed }) => !removed).length
  return await decide(call, client, {
    effect: [...effect, `You vote yes with it. ${count(active, 'member')} may vote, for 30 days.`],
    submit: withinMs => client.propose(request, withinMs),
    told: async ({ proposal, height }) => {
      const proposals = await client.proposals()
      const opened = proposals.ok ? proposals.value.find(({ id }) => id === proposal) : undefined
      return {
        json: opened === undefined ? {} : { opened },
        text: [
          `Proposal ${shortId(proposal)} stands in block ${height}.${opened === undefined ? '' : ` ${tallyText(opened)}`}`,
          ...opened?.state === 'passed' ? [] : [`The others vote with: hanse vote ${shortId(proposal)} yes`]
        ].join('\n')
      }
    }
  })
}

async function aboutMember (call: Call, client: Client, kind: 'remove' | 'park', effect: (name: string) => readonly string[]): Promise<Outcome> {
  const members = await client.ledgerMembers()
  if (!members.ok) return failed(members.failure)
  const member = memberNamed(members.value.filter(({ removed }) => !removed), argument(call))
  return member.ok ? await propose(call, client, { kind, member: member.value.did }, effect(`${member.value.name} (${member.value.did})`)) : member
}

function memberNamed (members: readonly LedgerMember[], text: string): Result<LedgerMember, Problem> {
  return named(members, ({ did, name }) => [did, name], text, 'member', 'hanse members')
}

/** Who applied goes before who is a member: it is what such a proposal is mostly for. */
async function applicantOf (client: Client, text: string): Promise<Result<{ readonly did: string, readonly name: string, readonly words: readonly string[] | null }, Problem>> {
  const [applications, members] = await Promise.all([client.applications(), client.ledgerMembers()])
  if (!applications.ok) return failed(applications.failure)
  if (!members.ok) return failed(members.failure)
  const applicant = named(applications.value, ({ id, did, name }) => [id, did, name], text, 'application', 'hanse applications')
  if (applicant.ok || applicant.failure.code === 'ambiguous') return applicant
  const member = memberNamed(members.value, text)
  if (member.ok) return ok({ ...member.value, words: null })
  // Somebody who applied to another member: the key alone says who it is.
  return text.startsWith('did:key:') ? ok({ did: text, name: 'an applicant of another member', words: null }) : applicant
}

function paramsOf (call: Call): Result<Readonly<Record<string, number>>, Problem> {
  const params = new Map<string, number>()
  for (const text of call.arguments) {
    const [, name = '', value = ''] = /^([A-Za-z]{1,64})=(-?\d{1,15})$/.exec(text) ?? []
    if (name === '') return problem(EXIT.usage, 'usage', `"${text}" is no parameter with a whole number`, 'Write for instance anchorEveryMs=30000.')
    if (params.has(name)) return problem(EXIT.usage, 'usage', `${name} is given twice`, 'Give it once.')
    params.set(name, Number(value))
  }
  return ok(Object.fromEntries(params))
}
