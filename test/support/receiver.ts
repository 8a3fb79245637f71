import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = { readonly headers: IncomingHttpHeaders, readonly path: string, readonly body: unknown }

/** An endpoint on this machine that keeps what it is told until somebody asks for it. */
export class Receiver {
  readonly #server: Server
  readonly #waiting: ((received: Received) => void)[] = []
  readonly #arrived: Received[] = []
  /** What it answers. */
  status = 204

  private constructor (server: Server) {
    this.#server = server
  }

  static async open (): Promise<Receiver> {
    const server = createServer()
    const receiver = new Receiver(server)
    server.on('request', (message, response) => {
      const parts: Buffer[] = []
      message.on('data', (part: Buffer) => { parts.push(part) })
      message.on('end', () => {
        response.writeHead(receiver.status).end()
        const received = { headers: message.headers, path: message.url ?? '', body: JSON.parse(Buffer.concat(parts).toString()) as unknown }
        const waiter = receiver.#waiting.shift()
        if (waiter === undefined) receiver.#arrived.push(received)
        else waiter(received)
      })
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', () => { resolve() }) })
    return receiver
  }

  /** `127.0.0.1:port`, as an operator allows it. */
  get address (): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url (): string {
    return `http://${this.address}/notify`
  }

  /** What came and was not asked for yet. */
  get unasked (): number {
    return this.#arrived.length
  }

  /** The oldest that came, or the next. */
  async next (): Promise<Received> {
    const arrived = this.#arrived.shift()
    return arrived ?? await new Promise(resolve => { this.#waiting.push(resolve) })
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>(resolve => { this.#server.close(() => { resolve() }) })
  }
}
