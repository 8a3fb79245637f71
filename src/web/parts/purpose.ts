import { PURPOSE_NS, PURPOSES } from '../../sdk/index.ts'
import { t } from '../text/index.ts'

/** A purpose in words; one that is not of the list as it is written. */
export function purposeText (purpose: string | null): string {
  if (purpose === null) return t('purpose.any')
  const known = PURPOSES.find(each => PURPOSE_NS + each === purpose)
  return known === undefined ? purpose : t(`purpose.${known}`)
}
