/**
 * Offers the commands about the federation's ledger: who belongs and has a seat, what is proposed and voted on, what is final,
 * and proofs of it that need no node.
 *
 * Before anything is decided in the member's name its exact effect is said; where a person sits at the terminal it waits for
 * Enter, and `--dry-run` says it alone. What the ledger has not decided within the time is exit code 6: the node goes on.
 */
import type { Command } from '../terminal/index.ts'
import { applicationsCommand, membersCommand } from './members.ts'
import { proofCommands } from './proof.ts'
import { proposeCommands } from './propose.ts'
import { ledgerCommands as showCommands } from './show.ts'
import { proposalsCommand, voteCommand } from './vote.ts'

export const ledgerCommands: readonly Command[] = [
  membersCommand,
  applicationsCommand,
  ...proposeCommands,
  proposalsCommand,
  voteCommand,
  ...showCommands,
  ...proofCommands
]

export { fieldsText } from './show.ts'
