import { assert, type MerkleMap, type Result } from '../../base/index.ts'
import { decodeRow, encodeRow, rowKey, rowName, type KeyPart, type Table } from './rows.ts'

/** An immutable handle of the state after some block. Branches share structure. */
export type LedgerState = { readonly map: MerkleMap }

/** A change of one row: null deletes. */
export type StateRow = { readonly key: Uint8Array, readonly value: Uint8Array | null }

/** Rows of one state, read. */
export interface Rows {
  get<T> (table: Table<T>, ...parts: readonly KeyPart[]): T | undefined
}

export function rowsOf ({ map }: LedgerState): Rows {
  return {
    get: (table, ...parts) => {
      const value = map.get(rowKey(table.code, parts))
      return value === undefined ? undefined : decodeRow(table, value)
    }
  }
}

type Written = { readonly table: Table<unknown>, readonly parts: readonly KeyPart[], readonly value: unknown }

/**
 * A state in the making: rows as they are read and written by one block, encoded and hashed once at its end.
 * Marks undo what a transaction wrote that failed halfway.
 */
export class Draft implements Rows {
  readonly #base: LedgerState
  /** Rows read or written; `value` undefined: there is none. */
  readonly #rows = new Map<string, { readonly value: unknown, readonly written: Written | undefined }>()
  readonly #undo: { readonly name: string, readonly before: { readonly value: unknown, readonly written: Written | undefined } | undefined }[] = []

  constructor (base: LedgerState) {
    this.#base = base
  }

  get<T> (table: Table<T>, ...parts: readonly KeyPart[]): T | undefined {
    const name = rowName(table.code, parts)
    const held = this.#rows.get(name)
    // The name begins with the table's code, so the value is of its type.
    if (held !== undefined) return held.value as T | undefined
    const value = this.#base.map.get(rowKey(table.code, parts))
    const read = value === undefined ? undefined : decodeRow(table, value)
    this.#rows.set(name, { value: read, written: undefined })
    return read
  }

  put<T> (table: Table<T>, parts: readonly KeyPart[], value: T): void {
    this.#write(table, parts, value)
  }

  delete<T> (table: Table<T>, parts: readonly KeyPart[]): void {
    this.#write(table, parts, undefined)
  }

  #write<T> (table: Table<T>, parts: readonly KeyPart[], value: T | undefined): void {
    const name = rowName(table.code, parts)
    this.#undo.push({ name, before: this.#rows.get(name) })
    // Erased to `unknown` and read back by the name alone, which begins with the table's code.
    this.#rows.set(name, { value, written: { table: table as Table<unknown>, parts, value } })
  }

  mark (): number {
    return this.#undo.length
  }

  undo (mark: number): void {
    while (this.#undo.length > mark) {
      const last = this.#undo.pop()
      assert(last !== undefined, 'a mark lies behind')
      if (last.before === undefined) this.#rows.delete(last.name)
      else this.#rows.set(last.name, last.before)
    }
  }

  finish (): LedgerState {
    const changes: [key: Uint8Array, value: Uint8Array | undefined][] = []
    for (const { written } of this.#rows.values()) {
      if (written === undefined) continue
      const value = written.value === undefined ? undefined : encodeRow(written.table, written.value)
      changes.push([rowKey(written.table.code, written.parts), value])
    }
    return { map: this.#base.map.with(changes) }
  }
}

/** A row that the ledger cannot be without. */
export function sure<T> (value: T | undefined): T {
  assert(value !== undefined, 'a row that every state has')
  return value
}


export type Refusal = { readonly code: string }
export type Outcome = Result<null, Refusal>
