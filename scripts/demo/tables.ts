import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hanse, type City } from './city.ts'
import type { Say } from './ledger.ts'

/** On the table's own licence see the package; all of these are public data. */
export const PUBLISHED = [
  { city: 'Seattle', file: 'seattle-weather.csv', id: 'weather', title: 'Weather in Seattle, daily, 2012 to 2015', theme: 'environment', licence: 'Public domain (NOAA)' },
  { city: 'New York', file: 'new-york-weather.csv', id: 'weather', title: 'Weather in New York, daily, 2012 to 2015', theme: 'environment', licence: 'Public domain (NOAA)' },
  { city: 'New York', file: 'airports.csv', id: 'airports', title: 'Airports of the contiguous United States', theme: 'transport', licence: 'Public domain (US DOT)' },
  { city: 'Chicago', file: 'zipcodes.csv', id: 'zipcodes', title: 'Postal codes of the contiguous United States', theme: 'geography', licence: 'CC-BY-4.0 (GeoNames)' },
  { city: 'Chicago', file: 'us-10m.json', id: 'boundaries', title: 'Boundaries of states and counties, TopoJSON', theme: 'geography', licence: 'Public domain (US Census Bureau)' }
] as const

/** Without Alaska and the islands, whose box with the rest is half of the world. */
const CONTIGUOUS = { west: -125, south: 24, east: -66, north: 50 }

/** The public tables of the package: New York's part of the one that holds two cities, and what is in one piece of those with places. */
export async function inputFiles (folder: string): Promise<ReadonlyMap<string, string>> {
  const tables = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data')
  const [header = '', ...rows] = (await readFile(join(tables, 'weather.csv'), 'utf8')).split(/(?<=\n)/)
  const newYork = join(folder, 'new-york-weather.csv')
  await writeFile(newYork, header + rows.filter(row => row.startsWith('New York,')).join(''))
  const made = new Map([['new-york-weather.csv', newYork]])
  for (const file of ['airports.csv', 'zipcodes.csv']) made.set(file, await contiguous(join(tables, file), join(folder, file)))
  return new Map(PUBLISHED.map(({ file }) => [file, made.get(file) ?? join(tables, file)]))
}

/** The rows whose places are within; each table has its latitude and then its longitude, between commas that are no part of a text. */
async function contiguous (source: string, target: string): Promise<string> {
  const [header = '', ...rows] = (await readFile(source, 'utf8')).split(/(?<=\n)/)
  const { west, south, east, north } = CONTIGUOUS
  const isWithin = (row: string): boolean => {
    const [, latitude, longitude] = /,(-?[\d.]+),(-?[\d.]+)(?:,|\r?\n|$)/.exec(row) ?? []
    return Number(latitude) > south && Number(latitude) < north && Number(longitude) > west && Number(longitude) < east
  }
  await writeFile(target, header + rows.filter(isWithin).join(''))
  return target
}

export async function publishAll (cities: readonly City[], inputs: ReadonlyMap<string, string>, say: Say): Promise<void> {
  say('They publish:')
  for (const { city: name, file, id, title, theme, licence } of PUBLISHED) {
    const city = cities.find(each => each.name === name)
    if (city === undefined) throw new Error(`no city ${name}`)
    if ((await city.client.dataset(`${name}/${id}`)).ok) {
      say(`  ${name}: ${title} (published before)`)
      continue
    }
    await hanse('publish', inputs.get(file) ?? file, '--id', id, '--title', title, '--theme', theme, '--licence', licence, '--yes', '--data', city.folder)
    say(`  ${name}: ${title}`)
  }
}
