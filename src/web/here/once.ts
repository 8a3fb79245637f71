type Send<Init extends RequestInit> = (url: string, init: Init) => Promise<Response>

/** Sends what changes something once, however often that is pressed before the answer is there: each press gets this answer. */
export function once<Init extends RequestInit> (send: Send<Init>): Send<Init> {
  const underWay = new Map<string, Promise<Response>>()
  return async (url, init) => {
    const { method = 'GET', body } = init
    if (method === 'GET' || (body != null && typeof body !== 'string')) return await send(url, init)
    const what = `${method} ${url} ${body ?? ''}`
    const same = underWay.get(what)
    // The first has read nothing of it yet: it goes on after this.
    if (same !== undefined) return (await same).clone()
    const sent = send(url, init).finally(() => { underWay.delete(what) })
    underWay.set(what, sent)
    return await sent
  }
}
