type Access = 'public' | 'members' | 'restricted'

/** In what one version differs from the one before it. */
export type VersionChange =
  | { readonly what: 'title' | 'licence', readonly before: string, readonly after: string }
  | { readonly what: 'access', readonly before: Access, readonly after: Access }
  | { readonly what: 'records', readonly before: number | null, readonly after: number | null }
  /** Names; `altered` have another type or unit. */
  | { readonly what: 'columns', readonly added: readonly string[], readonly removed: readonly string[], readonly altered: readonly string[] }
  | { readonly what: 'description' | 'terms' | 'data' | 'about' | 'withdrawn' | 'returned' }

/** What a publisher said of a dataset at one time. */
export type VersionView = {
  readonly version: number
  readonly modifiedMs: number
  readonly title: string
  readonly records: number | null
  /** Null: it is the first, or what was said before is not known here. */
  readonly changes: readonly VersionChange[] | null
}

/** How a derived dataset was made: bounds that hold for every record of it. */
export type RecipeView = {
  /** CID of the recipe. */
  readonly recipe: string
  readonly operations: readonly ('redact' | 'coarsen' | 'roundTime' | 'summarise' | 'delay')[]
  /** 1: rows as they are. */
  readonly minGroupSize: number
  /** 15: as measured. */
  readonly h3Resolution: number
  /** 0: as measured. */
  readonly timeStepMs: number
  readonly delayMs: number
  readonly redactedFields: readonly string[]
}

/** A member whose node is reachable and says how much of a dataset it holds; what is sealed may be ciphertext to it. */
export type HolderView = { readonly member: { readonly did: string, readonly name: string }, readonly segments: number }

/** A dataset that another was made of. `title` is null where the asker cannot know of it. */
export type SourceView = { readonly id: string, readonly publisher: { readonly did: string, readonly name: string }, readonly title: string | null }

export type DatasetHistory = {
  /** Newest first. */
  readonly versions: readonly VersionView[]
  /** There were others that are not told here. */
  readonly isPart: boolean
  /** What it was made of, as its publisher says. */
  readonly sources: readonly SourceView[]
  /** Null: it was not derived. */
  readonly recipe: RecipeView | null
  /** Most first. */
  readonly holders: readonly HolderView[]
  /** Segments that are known to exist. */
  readonly segments: number
}
