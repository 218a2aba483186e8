/** Texts that many devices have in common, such as their maker's name, are one value. */

/** The one value of each text. */
export class Texts {
  readonly #known = new Map<string, string>();

  /** The shared value; a text seen for the first time when there are too many is left as it is. */
  share<T extends string | undefined>(text: T): T {
    if (text === undefined) return text;
    const known = this.#known.get(text);
    if (known !== undefined) return known as T;
    if (this.#known.size < MAX_TEXTS) this.#known.set(text, text);
    return text;
  }
}

const MAX_TEXTS = 10_000;
