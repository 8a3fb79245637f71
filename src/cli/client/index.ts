/**
 * Offers the commands that talk to a running node: they find it by its folder and use the sdk like any other program.
 *
 * The node not running is exit code 3; what it refuses keeps its code, reason and hint. Files are written beside their
 * target and renamed, so that under its name there is only ever the whole, checked content.
 */
import type { Command } from '../terminal/index.ts'
import { bundleCommands } from './bundle.ts'
import { lsCommand, showCommand, withdrawCommand } from './catalogue.ts'
import { inviteCommand, joinCommand } from './found.ts'
import { getCommand } from './get.ts'
import { peersCommand, scrubCommand, statusCommand, stopCommand } from './node.ts'
import { tailCommand } from './tail.ts'
import { verifyCommand } from './verify.ts'

export { shortName } from './catalogue.ts'
export { argument, failed, pause, purposeOf, wholeNumber, withheld, withNode, withProgress } from './connection.ts'
export { only, writeWhole } from './get.ts'
export { isFile, readTerms, sizeOf } from './offline.ts'

export const clientCommands: readonly Command[] = [
  stopCommand,
  statusCommand,
  peersCommand,
  inviteCommand,
  joinCommand,
  lsCommand,
  showCommand,
  getCommand,
  tailCommand,
  withdrawCommand,
  verifyCommand,
  ...bundleCommands,
  scrubCommand
]
