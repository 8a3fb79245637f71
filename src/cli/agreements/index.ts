/**
 * Offers the commands about agreements: asking a publisher for one, what waits for a decision, deciding it, what is in force,
 * and ending it.
 *
 * Before anything is agreed or ended in the member's name its exact effect is said, with the sentences of the terms; where a
 * person sits at the terminal it waits for Enter. What is not decided within the time is exit code 6: the node goes on.
 */
import type { Command } from '../terminal/index.ts'
import { agreementsCommand, revokeCommand } from './agreements.ts'
import { approveCommand, denyCommand, inboxCommand } from './inbox.ts'
import { requestCommand } from './request.ts'

export const agreementCommands: readonly Command[] = [requestCommand, inboxCommand, approveCommand, denyCommand, agreementsCommand, revokeCommand]
