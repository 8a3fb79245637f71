/** The words of a column's name: `stop_lat`, `stopLat` and `Stop Lat` are the same; umlauts as two letters. */
export function wordsOf (heading: string): readonly string[] {
  return heading
    .replace(/([a-zäöü0-9])([A-ZÄÖÜ])/g, '$1 $2')
    .toLowerCase()
    .replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('ß', 'ss')
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
}

const LATITUDE: ReadonlySet<string> = new Set(['lat', 'latitude', 'breite', 'breitengrad', 'geobreite'])
const LONGITUDE: ReadonlySet<string> = new Set(['lon', 'lng', 'long', 'longitude', 'laenge', 'laengengrad', 'geolaenge'])
const TIME: ReadonlySet<string> = new Set([
  'time', 'timestamp', 'date', 'datetime', 'epoch', 'at', 'when', 'day', 'zeit', 'zeitstempel', 'datum', 'uhrzeit', 'zeitpunkt', 'ts', 'dt'
])

/** Units by the last word of a name, as in `weight_kg`. Not `min`, which stands beside `max` more often than for minutes. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['pct', '%'], ['percent', '%'], ['prozent', '%'], ['kmh', 'km/h'], ['kph', 'km/h'], ['mph', 'mph'], ['mps', 'm/s'],
  ['mm', 'mm'], ['cm', 'cm'], ['m', 'm'], ['km', 'km'], ['mi', 'mi'], ['kg', 'kg'], ['g', 'g'], ['t', 't'], ['l', 'l'], ['m2', 'm²'],
  ['m3', 'm³'], ['s', 's'], ['ms', 'ms'], ['c', '°C'], ['celsius', '°C'], ['hpa', 'hPa'], ['ppm', 'ppm'],
  ['kw', 'kW'], ['kwh', 'kWh'], ['w', 'W'], ['v', 'V'], ['db', 'dB'], ['dba', 'dB(A)'], ['eur', 'EUR'], ['usd', 'USD']
])

export function saysLatitude (words: readonly string[]): boolean {
  return words.some(word => LATITUDE.has(word))
}

export function saysLongitude (words: readonly string[]): boolean {
  return words.some(word => LONGITUDE.has(word))
}

export function saysTime (words: readonly string[]): boolean {
  return words.some(word => TIME.has(word))
}

/** A single letter is a unit only behind another word: a column named `t` may be anything. */
export function unitOf (words: readonly string[]): string | null {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? null : UNITS.get(last) ?? null
}
