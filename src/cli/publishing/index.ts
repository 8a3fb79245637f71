/**
 * Offers the commands that publish: files and streams, records of streams, and datasets with less detail that are derived from
 * others.
 *
 * By terms for less detail, or for later, nobody could ever read the rows of a file as they are. Publishing a file under such
 * terms makes two datasets, and says so: all of it, visible to nobody, as `<id>-raw`, and what is derived from that under the terms.
 * What can be told beforehand (a column that is not named, other terms, a summary that would end) stops it before anything is
 * published.
 */
import type { Command } from '../terminal/index.ts'
import { derivationsCommand, deriveCommand } from './derive.ts'
import { publishCommand } from './publish.ts'

export const publishingCommands: readonly Command[] = [publishCommand, deriveCommand, derivationsCommand]
