/**
 * Commands about connectors: what brings data into the running node.
 */
import type { Command } from '../terminal/index.ts'
import { connectorAddCommand } from './add.ts'
import { connectorLettersCommand, connectorListCommand, connectorRemoveCommand, connectorRestartCommand, connectorShowCommand } from './looking.ts'

export const connectorCommands: readonly Command[] = [
  connectorAddCommand, connectorListCommand, connectorShowCommand, connectorRemoveCommand, connectorRestartCommand, connectorLettersCommand
]
