import type { Certainty, PersonalKind, PersonalWarning } from './types.ts'

/** Only the beginning of a long text is looked at: no pattern may take longer than its file is worth. */
const TEXT_LENGTH_MAX = 200

type Headings = {
  readonly kind: PersonalKind
  readonly certainty: Certainty
  /** Words that stand in the name one after the other, or as one word. */
  readonly phrases: readonly string[]
  /** Parts of a single word, for languages that join words. */
  readonly stems: readonly string[]
}

const HEADINGS: readonly Headings[] = [
  {
    kind: 'birth-date', certainty: 'likely',
    phrases: ['birth', 'birthday', 'birthdate', 'date of birth', 'dob', 'born', 'geb datum', 'geb dat', 'gebdat'], stems: ['geburts', 'geboren']
  },
  { kind: 'e-mail', certainty: 'likely', phrases: ['email', 'e mail', 'mail address'], stems: ['emailadress', 'mailadress'] },
  {
    kind: 'phone', certainty: 'likely', phrases: ['phone', 'telephone', 'tel', 'mobile', 'cell phone', 'fax', 'handy', 'mobil', 'phone number'],
    stems: ['telefon', 'rufnummer', 'mobilnummer', 'handynummer', 'phonenumber']
  },
  {
    kind: 'plate', certainty: 'likely',
    phrases: ['plate', 'license plate', 'licence plate', 'number plate', 'plate number', 'plate no', 'vrm', 'kfz kz', 'vehicle registration'],
    stems: ['kennzeichen', 'nummernschild', 'licenseplate', 'licenceplate', 'numberplate']
  },
  {
    kind: 'national-id', certainty: 'likely',
    phrases: [
      'ssn', 'social security', 'nino', 'national insurance', 'national id', 'passport', 'tax id', 'steuer id', 'steuernummer', 'sv nummer',
      'svnr', 'driver license', 'driving licence', 'ausweis', 'personal id', 'pesel', 'bsn', 'nif', 'dni'
    ],
    stems: ['ausweisn', 'personalausweis', 'reisepass', 'sozialversicherung', 'steueridentifikation', 'passportn', 'fuehrerschein']
  },
  { kind: 'bank-account', certainty: 'likely', phrases: ['iban', 'bank account', 'account number', 'card number', 'bic iban'], stems: ['kontonummer', 'kreditkarte'] },
  {
    kind: 'name', certainty: 'likely',
    phrases: [
      'first name', 'firstname', 'last name', 'lastname', 'surname', 'full name', 'fullname', 'given name', 'family name', 'maiden name',
      'person name', 'patient', 'resident name', 'customer name', 'driver name', 'contact name', 'contact person', 'owner name', 'citizen'
    ],
    stems: ['vorname', 'nachname', 'familienname', 'ansprechpartner', 'kontaktperson', 'fahrername', 'kundenname']
  },
  {
    kind: 'name', certainty: 'possible',
    phrases: ['owner', 'driver', 'customer', 'resident', 'tenant', 'applicant', 'employee', 'person', 'halter', 'fahrer', 'kunde', 'inhaber', 'mieter', 'bewohner'],
    stems: ['eigentuemer', 'antragsteller', 'mitarbeiter']
  },
  {
    kind: 'address', certainty: 'possible',
    phrases: ['address', 'addr', 'home address', 'street', 'house number', 'street address', 'anschrift', 'adresse', 'wohnort'],
    stems: ['hausnummer', 'wohnadress', 'anschrift', 'strassenname', 'postadress']
  },
  { kind: 'device', certainty: 'possible', phrases: ['imei', 'imsi', 'mac address', 'ip address', 'bluetooth', 'advertising id'], stems: ['macadress'] }
]

/** Words that turn a person into a number or a thing: `driver_id`, `owner_type`. */
const NOT_A_PERSON: ReadonlySet<string> = new Set(['id', 'count', 'number', 'type', 'anzahl', 'nr', 'total', 'kind', 'art', 'class'])

/** Frequent given names of English and German speaking countries: enough that a column of people shows. */
const GIVEN_NAMES: ReadonlySet<string> = new Set((
  'james mary robert patricia john jennifer michael linda david elizabeth william barbara richard susan joseph jessica thomas sarah ' +
  'charles karen christopher lisa daniel nancy matthew betty anthony sandra mark margaret donald ashley steven kimberly paul emily ' +
  'andrew donna joshua michelle kenneth carol kevin amanda brian melissa george deborah timothy stephanie ronald rebecca jason laura ' +
  'edward helen jeffrey sharon ryan cynthia jacob kathleen nicholas amy eric angela jonathan anna stephen peter hans klaus wolfgang ' +
  'jürgen juergen dieter manfred uwe günter günther stefan andreas martin frank bernd michaela ursula monika petra sabine renate ' +
  'helga karin brigitte ingrid erika andrea gisela claudia susanne gabriele christa christine birgit lena leonie sophie marie maria ' +
  'lukas leon felix jonas maximilian ben noah emma mia hannah lea olivia oliver harry jack amelia isla ava charlotte sophia max moritz ' +
  'anne julia katharina johannes jan tim tobias sebastian florian philipp alexander alice henry lucy emilia erik sven'
).split(' '))

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){0,4}\.[a-z]{2,24}/i
const PHONE = /^(\+|00)\d[\d ()/.-]{6,18}\d$|^\(\d{3}\) ?\d{3}-\d{4}$|^(1-)?\d{3}-\d{3}-\d{4}$|^0\d{2,4}[ /-]\d{3}[\d -]{2,8}\d$/
const SOCIAL_SECURITY = /^(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}$|^[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]$/
const IBAN = /^[A-Z]{2}\d{2}[ ]?[A-Z0-9 ]{11,38}$/
const PLATE = /^[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2}[- ]?\d{1,4}[EH]?$|^[A-Z]{2}\d{2} ?[A-Z]{3}$/
const ADDRESS = new RegExp(
  '^\\d{1,5}[a-z]? [^\\d].*\\b(street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct)\\b|' +
  '(stra(ß|ss)e|str\\.|weg|platz|gasse|allee|ring|damm|ufer) \\d{1,4} ?[a-z]?$', 'i'
)
const DEVICE = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$|^(\d{1,3}\.){3}\d{1,3}$/i

/** What the heading of a column says of persons. */
function headingOf (words: readonly string[]): { readonly kind: PersonalKind, readonly certainty: Certainty } | undefined {
  const spoken = ` ${words.join(' ')} `
  const found = HEADINGS.find(({ phrases, stems }) =>
    phrases.some(phrase => spoken.includes(` ${phrase} `)) || stems.some(stem => words.some(word => word.includes(stem))))
  if (found === undefined) return undefined
  return found.kind === 'name' && words.some(word => NOT_A_PERSON.has(word)) ? undefined : found
}

/** What the form of one value says of persons. Callers count: one plate among a thousand codes is a code. */
export function patternOf (value: string): PersonalKind | undefined {
  if (value.length < 5) return undefined
  const text = value.length > TEXT_LENGTH_MAX ? value.slice(0, TEXT_LENGTH_MAX) : value
  if (text.includes('@') && EMAIL.test(text)) return 'e-mail'
  if (!/\d/.test(text)) return isPersonName(text) ? 'name' : DEVICE.test(text) ? 'device' : undefined
  if (SOCIAL_SECURITY.test(text)) return 'national-id'
  if (PHONE.test(text)) return 'phone'
  if (IBAN.test(text) && isIban(text)) return 'bank-account'
  if (PLATE.test(text)) return 'plate'
  if (DEVICE.test(text)) return 'device'
  return ADDRESS.test(text) ? 'address' : undefined
}

function isPersonName (text: string): boolean {
  const words = text.split(/[ ,]+/)
  return words.length > 1 && words.length < 5 && words.some(word => GIVEN_NAMES.has(word.toLowerCase())) &&
    words.every(word => /^\p{Lu}/u.test(word))
}

/** ISO 7064 mod 97-10, as ISO 13616 uses it: first four characters to the end, letters as 10 to 35, rest 1. */
function isIban (text: string): boolean {
  const compact = text.replaceAll(' ', '')
  let rest = 0
  for (const letter of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(letter, 36)
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97
  }
  return rest === 1
}

/** Share of a column's values that must have the form when the heading says nothing. */
const SHARES: Readonly<Record<PersonalKind, number>> = {
  'e-mail': 0, 'national-id': 0.2, 'bank-account': 0, 'phone': 0.2, 'name': 0.3, 'plate': 0.5, 'address': 0.5, 'device': 0.5, 'birth-date': 1
}

const SPOKEN: Readonly<Record<PersonalKind, string>> = {
  'name': 'names of people', 'e-mail': 'e-mail addresses', 'phone': 'phone numbers', 'plate': 'licence plates', 'address': 'addresses',
  'national-id': 'national identity numbers', 'birth-date': 'dates of birth', 'bank-account': 'bank accounts', 'device': 'addresses of devices'
}

/** The warning for one column, when its heading or enough of its values speak of persons. */
export function personalWarning (
  column: string, words: readonly string[], values: number, patterns: ReadonlyMap<PersonalKind, number>
): PersonalWarning | undefined {
  if (values === 0) return undefined
  const heading = headingOf(words)
  const [kind, fitting] = [...patterns].toSorted((a, b) => b[1] - a[1])[0] ?? []
  if (heading !== undefined) {
    const shown = (patterns.get(heading.kind) ?? 0) > values * SHARES[heading.kind]
    return warningOf(column, heading.kind, shown ? 'likely' : heading.certainty, 'its name says so', values)
  }
  if (kind === undefined || fitting === undefined || fitting < values * SHARES[kind]) return undefined
  return warningOf(column, kind, 'likely', `${fitting === 1 ? '1 value has' : `${fitting} values have`} that form`, fitting)
}

function warningOf (
  column: string, kind: PersonalKind, certainty: Certainty, reason: string, values: number
): PersonalWarning {
  const sentence = certainty === 'likely'
    ? `Column "${column}" seems to hold ${SPOKEN[kind]} (${reason}; ${values} of its values are affected). Leave it out unless you may share it.`
    : `Column "${column}" may hold ${SPOKEN[kind]} (${reason}; ${values} of its values are affected). Leave it out unless you may share it.`
  return { code: 'personal-data', column, kind, certainty, reason, values, sentence }
}
