/** REST calls of a benchmark over connections that stay open, a bounded number under way at once. */

import { Agent, request } from 'node:http';

/** A caller of a server's API. `call(method, path, body?)` resolves to {status, text}. */
export function restCaller({ http, token }, connections) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port } = new URL(http);
  const headers = { authorization: `Bearer ${token}` };

  const call = (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const more =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const options = { agent, hostname, port, method, path: `/api/v1${path}`, headers: { ...headers, ...more } };
      const sent = request(options, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
      });
      sent.on('error', reject);
      sent.end(text);
    });

  /** Calls `make(index)` → [method, path, body?] for each index; every answer must have one of the statuses. */
  const all = async (count, make, statuses) => {
    let next = 0;
    const worker = async () => {
      while (next < count) {
        const wanted = make(next++);
        const { status, text } = await call(...wanted);
        if (!statuses.includes(status)) throw new Error(`${wanted[0]} ${wanted[1]}: ${status} ${text.slice(0, 300)}`);
      }
    };
    await Promise.all(Array.from({ length: connections }, worker));
  };
  return { call, all, close: () => agent.destroy() };
}
