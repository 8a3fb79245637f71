/** Tells listeners of something that happened, at once and in the order they came. */
export class Signal<T> {
  readonly #listeners = new Set<(value: T) => void>()

  /** The returned function ends the listening. */
  on (listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  emit (value: T): void {
    for (const listener of this.#listeners) listener(value)
  }

  /** Resolves at the next signal, or when `signal` aborts. */
  next (signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise(resolve => {
      const stop = this.on(done)
      signal?.addEventListener('abort', done)
      function done (): void {
        stop()
        signal?.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}
