/**
 * Commands about who may use the node: tokens for programs, links for browsers.
 */
import type { Command } from '../terminal/index.ts'
import { openCommand } from './open.ts'
import { tokenAddCommand, tokenListCommand, tokenRevokeCommand } from './tokens.ts'

export const accessCommands: readonly Command[] = [tokenAddCommand, tokenListCommand, tokenRevokeCommand, openCommand]
