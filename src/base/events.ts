/** A typed emitter over a union of events told apart by `type`. Listeners run in order and must not throw. */

/** Something that happened. */
export interface Occurrence {
  readonly type: string;
}

/** Hands each event to every listener, in the order they were added. */
export class Emitter<E extends Occurrence> {
  #listeners: readonly ((event: E) => void)[] = [];

  /** Adds a listener; the returned function takes it off again. */
  on(listener: (event: E) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  emit(event: E): void {
    for (const listener of this.#listeners) listener(event);
  }
}
