/** Where the reader is: `#/catalogue` or `#/dataset/<id>`. The part behind the hash never reaches the node. */
export type Place = { readonly page: string, readonly argument: string }

export class Router {
  place = $state<Place>(placeOf(location.hash))

  constructor () {
    addEventListener('hashchange', () => { this.place = placeOf(location.hash) })
  }
}

function placeOf (hash: string): Place {
  const [, page = '', argument = ''] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash) ?? []
  return { page: page === '' ? 'overview' : page, argument: decoded(argument) }
}

function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
