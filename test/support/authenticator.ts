/** A device that makes and uses passkeys, in software: it does what it is told, also what no real one would. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

type Options = { readonly challenge: string, readonly user?: { readonly id: string } }
type Manner = {
  /** What the browser says where it is; the device's own idea of the name. */
  readonly origin: string
  readonly place?: string
  /** Whether the person was verified. */
  readonly isVerified?: boolean
  readonly counter?: number
  readonly challenge?: string
}

const PRESENT = 0x01
const VERIFIED = 0x04
const ATTESTED = 0x40

export class Authenticator {
  readonly #id = randomBytes(16)
  readonly #keys: { readonly publicKey: KeyObject, readonly privateKey: KeyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  #userHandle: string | undefined
  #counter = 0

  get id (): string {
    return this.#id.toString('base64url')
  }

  /** The answer to what `passkeys.begin` asks. `certificates`: as some devices send them, unasked. */
  make (options: Options, manner: Manner & { readonly certificates?: boolean }): object {
    this.#userHandle = options.user?.id
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    const key = Buffer.concat([
      Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]), Buffer.from(x, 'base64url'), Buffer.from([0x22, 0x58, 0x20]), Buffer.from(y, 'base64url')
    ])
    const data = Buffer.concat([this.#data(manner, ATTESTED), Buffer.alloc(16), Buffer.from([0, this.#id.length]), this.#id, key])
    const statement = manner.certificates === true
      ? Buffer.concat([text('fmt'), text('packed'), text('attStmt'), Buffer.from([0xa3]), text('alg'), Buffer.from([0x26]), text('sig'), Buffer.from([0x41, 0]), text('x5c'), Buffer.from([0x81, 0x41, 0])])
      : Buffer.concat([text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0])])
    const attestation = Buffer.concat([Buffer.from([0xa3]), statement, text('authData'), Buffer.from([0x58, data.length]), data])
    return this.#credential({ clientDataJSON: client('webauthn.create', options, manner).toString('base64url'), attestationObject: attestation.toString('base64url'), transports: ['internal'] })
  }

  /** The answer to what `passkeys.ask` asks. */
  use (options: Options, manner: Manner & { readonly userHandle?: string }): object {
    const data = this.#data(manner, 0)
    const said = client('webauthn.get', options, manner)
    const signature = sign('sha256', Buffer.concat([data, createHash('sha256').update(said).digest()]), this.#keys.privateKey)
    return this.#credential({
      clientDataJSON: said.toString('base64url'), authenticatorData: data.toString('base64url'), signature: signature.toString('base64url'), userHandle: manner.userHandle ?? this.#userHandle
    })
  }

  #data ({ origin, place = new URL(origin).hostname, isVerified = true, counter }: Manner, flags: number): Buffer {
    this.#counter = counter ?? this.#counter + 1
    const count = Buffer.alloc(4)
    count.writeUInt32BE(this.#counter)
    return Buffer.concat([createHash('sha256').update(place).digest(), Buffer.from([PRESENT | (isVerified ? VERIFIED : 0) | flags]), count])
  }

  #credential (response: object): object {
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {}, authenticatorAttachment: 'platform', response }
  }
}

function client (type: string, { challenge }: Options, manner: Manner): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge: manner.challenge ?? challenge, origin: manner.origin, crossOrigin: false }))
}

/** A short text in CBOR. */
function text (value: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)])
}
