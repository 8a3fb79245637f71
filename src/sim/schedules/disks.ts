import { equalBytes } from '../../base/index.ts'
import { countRow, voteCountOf, type KeptRow } from '../../core/consensus/index.ts'
import { Disk, type DiskRow } from '../ground/index.ts'

/** Breaks the ground on purpose, to see that the schedules notice. */
export type Broken = 'keeps no votes' | 'syncs too late'

/** What a database is on. */
export function diskOf (broken: Broken | undefined): Disk {
  return broken === undefined ? new Disk() : broken === 'keeps no votes' ? new ForgetfulDisk() : new LateDisk()
}

/** Says that it kept what it never wrote: own votes, and how many there are. */
class ForgetfulDisk extends Disk {
  override commit (rows: readonly DiskRow[]): void {
    super.commit(rows.filter(({ value }) => !isOfVotes(value)))
  }
}

function isOfVotes (value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('database' in value)) return false
  const row = value as KeptRow
  return voteCountOf(row) !== undefined || (row.database === 'store' && equalBytes(row.key, countRow(0).key))
}

/** Says that it is done and writes with the next batch: votes leave before their rows are synced. */
class LateDisk extends Disk {
  #late: readonly DiskRow[] = []
  #next: readonly DiskRow[] = []

  override commit (rows: readonly DiskRow[]): void {
    super.commit(this.#late)
    this.#next = rows
  }

  override sync (): void {
    super.sync()
    this.#late = this.#next
  }
}
