/**
 * Offers the commands about what comes after data were given out: erasing them everywhere, what was confirmed, who had what, and
 * emergencies. What cannot be taken back is said before it is done; where a person sits at the terminal it waits for Enter.
 */
import type { Command } from '../terminal/index.ts'
import { auditCommand } from './audit.ts'
import { emergencyCommands } from './emergency.ts'
import { eraseCommand, erasuresCommand } from './erase.ts'
import { receiptsCommand } from './receipts.ts'

export const dutyCommands: readonly Command[] = [eraseCommand, erasuresCommand, receiptsCommand, auditCommand, ...emergencyCommands]
