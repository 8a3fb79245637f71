/**
 * Offers the commands about terms: a file to begin with, what it says in sentences, who could read what before anything is
 * published, setting it, and why something was decided.
 *
 * A file of terms is JSON that people may edit; members stand in it by name or did. The node reads it and says where it is wrong.
 * Each sentence has its label: whether it is enforced, attested by the other side, or only words that both signed.
 */
import type { Command } from '../terminal/index.ts'
import { explainCommand } from './explain.ts'
import { newCommand } from './new.ts'
import { checkCommand, setCommand, showCommand } from './show.ts'

export const termsCommands: readonly Command[] = [newCommand, showCommand, checkCommand, setCommand, explainCommand]
