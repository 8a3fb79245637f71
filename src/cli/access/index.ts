/**
 * Commands about who may use the node: accounts of people, tokens for programs, links for browsers.
 */
import type { Command } from '../terminal/index.ts'
import { accountCommands } from './accounts.ts'
import { openCommand } from './open.ts'
import { tokenAddCommand, tokenListCommand, tokenRevokeCommand } from './tokens.ts'

export const accessCommands: readonly Command[] = [...accountCommands, tokenAddCommand, tokenListCommand, tokenRevokeCommand, openCommand]
