import { decodeCanonical, encodeCanonical, integer, struct, type Parsed } from '../../base/index.ts'
import type { Store } from '../../host/index.ts'
import type { HanseNode, Place } from '../contract/index.ts'
import { metaKey } from '../rows/index.ts'

const UNITS_PER_DEGREE = 10_000_000
const BYTES_MAX = 64
const PLACE = metaKey('place')
const schema = struct({ latitude: integer(-90 * UNITS_PER_DEGREE, 90 * UNITS_PER_DEGREE), longitude: integer(-180 * UNITS_PER_DEGREE, 180 * UNITS_PER_DEGREE) })

export type PlaceUnits = Parsed<typeof schema>

/** The catalogues, which tell what members say of themselves. */
type Told = { readonly placeOf: (member: string) => PlaceUnits | null, readonly introduce: () => Promise<void> }

/** `place`: what the settings say; what was set later goes before it. */
type ProfileFields = { readonly own: string, readonly name: string, readonly place: Place | undefined }

export class Profile {
  readonly #store: Store
  readonly #own: string
  readonly #name: string
  #place: PlaceUnits | null
  #told: Told | undefined

  private constructor (store: Store, { own, name, place }: ProfileFields) {
    this.#store = store
    this.#own = own
    this.#name = name
    this.#place = place === undefined ? null : unitsOf(place)
  }

  static async load (store: Store, fields: ProfileFields): Promise<Profile> {
    const profile = new Profile(store, fields)
    const read = await store.get(PLACE)
    const decoded = read.state === 'found' ? decodeCanonical(read.value, schema, BYTES_MAX) : undefined
    if (decoded?.ok === true) profile.#place = decoded.value
    return profile
  }

  /** Null: nobody said it here. */
  get place (): PlaceUnits | null {
    return this.#place
  }

  /** From now on it is told in catalogues. */
  tellBy (told: Told): void {
    this.#told = told
  }

  placeOf (member: string): Place | null {
    const place = (member === this.#own ? this.#place : null) ?? this.#told?.placeOf(member) ?? null
    return place === null ? null : { latitude: place.latitude / UNITS_PER_DEGREE, longitude: place.longitude / UNITS_PER_DEGREE }
  }

  calls (): Pick<HanseNode, 'profile' | 'setPlace'> {
    return {
      profile: () => ({ name: this.#name, place: this.placeOf(this.#own) }),
      setPlace: async said => {
        const place = unitsOf(said)
        await this.#store.commit([{ type: 'put', key: PLACE, value: encodeCanonical(place) }])
        this.#place = place
        await this.#told?.introduce()
      }
    }
  }
}

function unitsOf ({ latitude, longitude }: Place): PlaceUnits {
  return { latitude: Math.round(latitude * UNITS_PER_DEGREE), longitude: Math.round(longitude * UNITS_PER_DEGREE) }
}
