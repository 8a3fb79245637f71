import { accessCommands } from './access/index.ts'
import { agreementCommands } from './agreements/index.ts'
import { apiCommand } from './api.ts'
import { clientCommands } from './client/index.ts'
import { completionCommand } from './completion.ts'
import { configCommands } from './config/index.ts'
import { connectorCommands } from './connectors/index.ts'
import { doctorCommand } from './doctor/index.ts'
import { dutyCommands } from './duties/index.ts'
import { helpCommand } from './help.ts'
import { initCommand, keyBackupCommand, keyRestoreCommand } from './keys/index.ts'
import { ledgerCommands } from './ledger/index.ts'
import { publishingCommands } from './publishing/index.ts'
import { queryCommand } from './querying/index.ts'
import { sqlCommand } from './sql/index.ts'
import { simCommand } from './sim.ts'
import { startCommand } from './start/index.ts'
import type { Command } from './terminal/index.ts'
import { termsCommands } from './terms/index.ts'
import { versionCommand } from './version.ts'

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  startCommand,
  doctorCommand,
  ...clientCommands,
  queryCommand,
  sqlCommand,
  ...publishingCommands,
  ...termsCommands,
  ...agreementCommands,
  ...dutyCommands,
  ...ledgerCommands,
  ...connectorCommands,
  ...accessCommands,
  keyBackupCommand,
  keyRestoreCommand,
  ...configCommands,
  apiCommand,
  simCommand,
  completionCommand(() => COMMANDS),
  versionCommand,
  helpCommand(() => COMMANDS)
]
