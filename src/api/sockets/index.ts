/**
 * Gives records as they come by WebSocket (RFC 6455), with credit, so that the reader says how much it can take.
 *
 * A message is one record, as a line of `records`, or at the end `{"closed": …}` with the reason and the number to begin behind.
 * The reader has credit for 1,000 records and grants more by `{"credit": n}`; one that grants none stays behind, and is closed as any
 * slow reader. A ping every 15 s; whoever answers none of three is gone.
 *
 * | closed with | where |
 * |---|---|
 * | 1001 | the node stops, or the token or session has ended |
 * | 1008 | the right is lost, or the reader sent what is no grant of credit |
 * | 1011 | what follows is not here |
 * | 1013 | it reads too slowly |
 *
 * A page of another origin is refused (a browser names it in `Origin`), whatever it knows.
 */
import { WebSocketServer, type WebSocket } from 'ws'
import type { OutletCalls } from '../../sdk/contract/index.ts'
import { askerOf, type Handler } from '../context/index.ts'
import { problem, type Upgrade } from '../http/index.ts'
import { RecordSocket } from './socket.ts'

const MESSAGE_BYTES_MAX = 1_024
const SUBPROTOCOL = 'hanse'

const server = new WebSocketServer({
  noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX,
  handleProtocols: protocols => protocols.has(SUBPROTOCOL) && SUBPROTOCOL
})

const UPGRADE_REQUIRED = problem(
  { code: 'upgrade-required', reason: 'this path speaks WebSocket', hint: 'open it with a WebSocket client, or follow …/live with server-sent events' }, { upgrade: 'websocket' }
)

export const followBySocket: Handler<OutletCalls['datasets.socket']> = (context, request, { query: { afterSeq, last } }) => {
  const asker = askerOf(context, request)
  if (!asker.ok) return problem(asker.failure)
  const origin = request.header('origin')
  if (origin !== undefined && !isOwn(origin, request.header('host'))) {
    return problem({ code: 'forbidden', reason: 'the page that asks is of another origin', hint: 'open the connection from a page of this node, or from a program' })
  }
  const { node, limits } = context
  if (!request.isUpgrade) return UPGRADE_REQUIRED
  const stream = new RecordSocket(limits.heartbeatMs)
  const start = afterSeq === undefined ? { last: last ?? 0 } : { from: afterSeq + 1 }
  const listening = node.listen(request.reference, start, stream, asker.value)
  if (!listening.ok) return problem(listening.failure)
  return {
    type: 'upgrade', async run (upgrade) {
      const socket = await accepted(upgrade)
      if (socket === undefined) listening.value.stop()
      else await stream.run(socket, listening.value, request.signal)
    }
  }
}

/** Host and port: another port of this host is another origin. */
function isOwn (origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase().replace(/:(?:80|443)$/, '')
}

/** Undefined: the request was no handshake, and was told so. */
async function accepted ({ message, socket, head }: Upgrade): Promise<WebSocket | undefined> {
  return await new Promise(resolve => {
    socket.once('close', () => { resolve(undefined) })
    server.handleUpgrade(message, socket, head, resolve)
  })
}
