/**
 * Sends a body and tells how much of it has gone: `fetch` cannot say that in a browser. The answer can be read while it comes.
 */
export function sent (url: string, { method = 'POST', headers, body, signal, onSent }: {
  readonly method?: string, readonly headers: Headers, readonly body: Blob, readonly signal?: AbortSignal | null, readonly onSent: (sentBytes: number) => void
}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let sentBytes = 0
    let answer: ReadableStreamDefaultController<Uint8Array> | undefined
    let readTo = 0
    const abort = (): void => { request.abort() }
    const fail = (cause: Error): void => {
      signal?.removeEventListener('abort', abort)
      answer?.error(cause)
      reject(cause)
    }
    const read = (): void => {
      const text = request.responseText.slice(readTo)
      readTo += text.length
      if (text !== '') answer?.enqueue(new TextEncoder().encode(text))
    }
    request.open(method, url)
    headers.forEach((value, name) => { request.setRequestHeader(name, value) })
    request.upload.onprogress = ({ loaded }) => {
      sentBytes = Math.max(sentBytes, loaded)
      onSent(loaded)
    }
    request.onreadystatechange = () => {
      if (request.readyState !== XMLHttpRequest.HEADERS_RECEIVED) return
      const stream = new ReadableStream<Uint8Array>({ start (controller) { answer = controller }, cancel: abort })
      resolve(new Response(stream, { status: request.status, statusText: request.statusText, headers: headersOf(request.getAllResponseHeaders()) }))
    }
    request.onprogress = read
    request.onload = () => {
      signal?.removeEventListener('abort', abort)
      read()
      answer?.close()
    }
    // The code says that the connection stood: what was sent came to nothing.
    request.onerror = () => {
      const where = `after ${sentBytes} of ${body.size} bytes`
      fail(Object.assign(new Error(where), sentBytes > 0 ? { code: 'ECONNRESET' } : {}))
    }
    request.onabort = () => { fail(new DOMException('aborted', 'AbortError')) }
    if (signal?.aborted === true) return fail(new DOMException('aborted', 'AbortError'))
    signal?.addEventListener('abort', abort)
    request.send(body)
  })
}

function headersOf (text: string): Headers {
  const headers = new Headers()
  for (const line of text.trim().split('\r\n')) {
    const at = line.indexOf(':')
    if (at > 0) headers.append(line.slice(0, at), line.slice(at + 1).trim())
  }
  return headers
}
