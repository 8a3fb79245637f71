import { clientCommands } from './client/index.ts'
import { completionCommand } from './completion.ts'
import { configCommands } from './config/index.ts'
import { helpCommand } from './help.ts'
import type { Command } from './terminal/index.ts'
import { versionCommand } from './version.ts'

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...clientCommands,
  ...configCommands,
  completionCommand(() => COMMANDS),
  versionCommand,
  helpCommand(() => COMMANDS)
]
