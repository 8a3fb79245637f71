import type { LedgerMember } from '../../sdk/index.ts'
import { failed, withNode } from '../client/index.ts'
import { answer, formatTime, table, type Command } from '../terminal/index.ts'

export const membersCommand: Command = {
  name: 'members',
  summary: 'Show the members of the federation, their seats on the ledger, and who is reachable',
  arguments: [],
  options: [],
  examples: ['hanse members', 'hanse members --json'],
  run: async call => await withNode(call, async client => {
    const [members, status, ledger, peers] = await Promise.all([client.members(), client.status(), client.ledgerMembers(), client.peers()])
    if (!members.ok) return failed(members.failure)
    if (!status.ok) return failed(status.failure)
    if (!ledger.ok && ledger.failure.code !== 'not-ready') return failed(ledger.failure)
    if (!peers.ok) return failed(peers.failure)
    if (!ledger.ok || ledger.value.length === 0) {
      return answer({ members: [] }, 'This node belongs to no federation yet: hanse invite founds one, hanse join TICKET enters one.')
    }
    const own = status.value.member.did
    const revoked = new Set(members.value.filter(each => each.revoked).map(({ did }) => did))
    const all = ledger.value.map(member => ({
      ...member, revoked: revoked.has(member.did), reachable: member.did === own ? member.nodes.length : reachableOf(peers.value, member.did)
    }))
    return answer({ members: all }, table(
      [{ heading: 'NAME' }, { heading: 'STATE' }, { heading: 'SEAT' }, { heading: 'REACHABLE' }, { heading: 'SINCE' }, { heading: 'KEY' }],
      all.map(member => [
        member.name, member.removed ? 'removed' : member.revoked ? 'revoked' : 'member', seatText(member),
        member.did === own ? 'this node' : member.reachable > 0 ? 'yes' : 'no', member.sinceHeight === 0 ? 'founding' : `block ${member.sinceHeight}`, member.did
      ])
    ))
  })
}

type Peer = { readonly member: { readonly did: string }, readonly reachable: boolean }

function reachableOf (peers: readonly Peer[], did: string): number {
  return peers.filter(({ member, reachable }) => member.did === did && reachable).length
}

function seatText ({ seat }: LedgerMember): string {
  switch (seat) {
    case 'validator': return 'validator'
    case 'learner': return 'gets one'
    case 'parked': return 'parked'
    case 'none': return '-'
  }
}

export const applicationsCommand: Command = {
  name: 'applications',
  summary: 'Show who applied for membership with a ticket of this node and waits for a vote',
  arguments: [],
  options: [],
  examples: ['hanse applications', 'hanse applications --json'],
  run: async call => await withNode(call, async client => {
    const applications = await client.applications()
    if (!applications.ok) return failed(applications.failure)
    if (applications.value.length === 0) return answer({ applications: [] }, 'Nobody waits. A ticket for new members is made by hanse invite.')
    const rows = applications.value.map(({ name, receivedMs, words, did, addresses }) => [name, formatTime(receivedMs), words.join(' '), did, addresses[0] ?? ''])
    return answer({ applications: applications.value }, [
      table([{ heading: 'NAME' }, { heading: 'APPLIED' }, { heading: 'FOUR WORDS' }, { heading: 'KEY' }, { heading: 'ADDRESS' }], rows),
      '', 'Names can be chosen freely. Who applied sees the same four words: let them be read to you before you run hanse propose join KEY; if they differ, do not.'
    ].join('\n'))
  })
}
