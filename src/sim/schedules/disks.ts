import { Disk, type DiskRow } from '../ground/index.ts'

/** Breaks the ground on purpose, to see that the schedules notice. */
export type Broken = 'keeps no votes' | 'syncs too late'

/** What the signer's database is on. */
export function diskOf (broken: Broken | undefined): Disk {
  return broken === undefined ? new Disk() : broken === 'keeps no votes' ? new ForgetfulDisk() : new LateDisk()
}

/** Says that it kept what it never wrote: votes leave without their rows. */
class ForgetfulDisk extends Disk {
  override commit (_rows: readonly DiskRow[]): void {
    super.commit([])
  }
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
