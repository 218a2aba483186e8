/** Server-sent events as they come from the server (HTML standard §9.2), as far as ours need it. */

/** One event. */
export interface SseMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Splits a server-sent event stream into messages; comments are left out. */
export async function* messages(pieces: AsyncIterable<string>): AsyncGenerator<SseMessage> {
  let rest = '';
  for await (const piece of pieces) {
    const blocks = (rest + piece).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => splitField(line)));
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id') ?? '', event: fields.get('event') ?? 'message', data };
    }
  }
}

/** The pieces of a stream; `begun` is called with the first, which the server sends when it begins to tell. */
export async function* connected(pieces: AsyncIterable<string>, begun: () => void): AsyncGenerator<string> {
  let first = true;
  for await (const piece of pieces) {
    if (first) begun();
    first = false;
    yield piece;
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}
