/** Requests to REST that are under way at the same time: which were answered so far, and how they end. */

import type { Answer } from './test-server.js';

/** A set of requests by name. */
export class Promised {
  readonly #requests = new Map<string, Promise<Answer>>();
  /** Requests that were answered, with the status, in the order of the answers. */
  readonly kept: string[] = [];

  /** Takes a request. */
  add(name: string, request: Promise<Answer>): void {
    this.#requests.set(name, request);
    request.then(
      ({ status }) => this.kept.push(`${name}: ${status}`),
      (error: unknown) => this.kept.push(`${name}: ${String(error)}`),
    );
  }

  /** Waits for all answers: their statuses by name. */
  async statuses(): Promise<Readonly<Record<string, number>>> {
    const found: Record<string, number> = {};
    for (const [name, request] of this.#requests) found[name] = (await request).status;
    return found;
  }
}
