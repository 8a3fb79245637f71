import { rm } from 'node:fs/promises'
import { createStore } from '../../host/level/index.ts'
import { systemRandom } from '../../host/system/index.ts'
import { keysOf } from '../../node/index.ts'
import { configOf, isPlace, renderToml } from '../config/index.ts'
import { answer, EXIT, plain, problem, type Call, type Command, type Outcome } from '../terminal/index.ts'
import { folderOf, makeFolder, makeKeyFolder, writeSecretFile, type Folder } from './folder.ts'
import { newPassphrase, passphraseOption } from './passphrase.ts'
import { newSeeds, sealSeeds, writeKeyFiles } from './seeds.ts'

const NAME_LENGTH_MAX = 128

export const initCommand: Command = {
  name: 'init',
  summary: 'Make a new node: its folder, keys and settings',
  arguments: [],
  options: [
    { name: 'name', value: 'NAME', help: 'what neighbours call this member, for instance "City of Bellevue"' },
    { name: 'place', value: 'LAT,LON', help: 'where the member is, in degrees' },
    { ...passphraseOption, help: 'protect the member key with the first line of this file' }
  ],
  examples: ['hanse init --name "City of Bellevue" --place 47.61,-122.20', 'hanse init --name lubeck --data ./lubeck --passphrase-file ./secret'],
  run: init
}

async function init (call: Call): Promise<Outcome> {
  if (call.config !== undefined) {
    return problem(EXIT.usage, 'usage', 'hanse init writes its settings into the folder of the node', 'Leave out --config.')
  }
  const name = (call.text('name') ?? '').normalize('NFC').trim()
  if (name === '' || name.length > NAME_LENGTH_MAX || plain(name) !== name) {
    return problem(EXIT.usage, 'usage', `The name must have 1 to ${NAME_LENGTH_MAX} characters and no control characters`, 'For example: hanse init --name "City of Bellevue"')
  }
  const place = (call.text('place') ?? '').replaceAll(' ', '')
  if (!isPlace(place)) {
    return problem(EXIT.usage, 'usage', `"${plain(place)}" is no place`, 'Write latitude and longitude in degrees, for instance --place 47.61,-122.20')
  }
  const settings = configOf(call)
  if (!settings.ok) return settings
  const folder = folderOf(settings.value.folder)
  const passphrase = call.text('passphrase-file') === undefined ? undefined : await newPassphrase(call, 'the member key')
  if (passphrase?.ok === false) return passphrase
  const made = await makeFolder(folder)
  if (!made.ok) return made
  const seeds = newSeeds(systemRandom)
  const files = sealSeeds(seeds, passphrase?.value, systemRandom)
  await fill(folder, files, settingsText(name, place))
  const { did } = keysOf(seeds)
  const text = [
    `${name} has a node in ${folder.path}.`,
    `Member: ${did}`,
    `Keys: ${folder.keys} (${passphrase === undefined ? 'the member key has no passphrase' : 'the member key is protected by your passphrase'})`,
    '',
    'Next:',
    `  hanse key backup FILE${dataFlag(call)}    keep the file somewhere else: lost keys cannot be made again`,
    `  hanse start${dataFlag(call)}`
  ].join('\n')
  return answer({ member: { did, name }, folder: folder.path, settings: folder.settings, rootProtected: passphrase !== undefined }, text)
}

/** Makes everything in a folder that is empty; on failure it is empty again. The settings come last: they say that all is there. */
export async function fill (folder: Folder, files: { readonly root: Uint8Array, readonly node: Uint8Array }, settings: string): Promise<void> {
  try {
    for (const database of [folder.store, folder.signer]) await (await createStore(database, { random: systemRandom })).close()
    await makeKeyFolder(folder)
    await writeKeyFiles(folder, files)
    await writeSecretFile(folder.settings, new TextEncoder().encode(settings))
  } catch (error) {
    for (const path of [folder.store, folder.signer]) await rm(`${path}.marker`, { force: true })
    for (const path of [folder.settings, folder.keys, folder.store, folder.signer, folder.charter, folder.restored]) await rm(path, { recursive: true, force: true })
    throw error
  }
}

function settingsText (name: string, place: string): string {
  return renderToml(
    new Map([['member.name', name], ['member.place', place]]),
    'Settings of a hanse node. Those that are not here have their defaults: hanse config get lists them all.'
  )
}

function dataFlag (call: Call): string {
  return call.data === undefined ? '' : ` --data ${call.data}`
}
