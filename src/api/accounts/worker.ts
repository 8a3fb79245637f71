/** Runs in a thread of its own: scrypt takes most of a second, in which the node has other things to do. */
import { parentPort, workerData } from 'node:worker_threads'
import { bytesOfHex, hex, openKeystore, sealKeystore, utf8 } from '../../base/index.ts'

export type Task =
  | { readonly type: 'seal', readonly passphrase: string, readonly secret: Uint8Array, readonly salt: Uint8Array, readonly nonce: Uint8Array }
  | { readonly type: 'open', readonly passphrase: string, readonly keystore: string }

/** The keystore in hex, or whether the passphrase opened it. */
export type Done = string | boolean

function run (task: Task): Done {
  const passphrase = utf8(task.passphrase.normalize('NFC'))
  if (task.type === 'open') return openKeystore(bytesOfHex(task.keystore) ?? new Uint8Array(0), passphrase).ok
  const { secret, salt, nonce } = task
  return hex(sealKeystore(secret, { passphrase, salt, nonce }))
}

parentPort?.postMessage(run(workerData as Task))
