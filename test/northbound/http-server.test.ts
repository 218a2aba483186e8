/** What the HTTP server answers to bytes that never become a request of the app: always a problem, and an end. */

import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '#base';
import type { Fleet } from '#fleet';
import { createNorthbound, type Northbound } from '#northbound';

let northbound: Northbound;
let port: number;

beforeAll(async () => {
  northbound = createNorthbound({
    fleet: {} as Fleet,
    authenticate: (token) =>
      token === 'owner'
        ? ({ actor: { kind: 'owner' }, scope: { kind: 'all' }, permissions: 'all' } as never)
        : undefined,
    logger: silentLogger,
    version: '0',
    settings: { eventReaders: 1, traceReaders: 1, eventBuffer: 1024, bodyBytes: 65_536, importBytes: 65_536 },
    follow: () => () => undefined,
    samples: () => ({ counters: {}, gauges: {} }),
  });
  await new Promise<void>((resolve) => northbound.server.listen(0, '127.0.0.1', resolve));
  port = (northbound.server.address() as AddressInfo).port;
});

afterAll(() => {
  northbound.close();
  northbound.server.close();
});

/** Sends text over a connection of its own and takes all that comes until the server closes it. */
function talk(
  ...parts: readonly string[]
): Promise<{ status: number; head: string; problem: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part);
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      expect(String(Buffer.byteLength(body))).toBe(length);
      expect(head).toMatch(/content-type: application\/problem\+json; charset=utf-8/i);
      const problem = JSON.parse(body) as Record<string, unknown>;
      expect(problem['status']).toBe(Number(head.split(' ')[1]));
      expect(problem['requestId']).toMatch(/^[0-9a-f-]{36}$/);
      resolve({ status: Number(head.split(' ')[1]), head, problem });
    });
  });
}

describe('a connection on which something else than HTTP comes', () => {
  it.each([
    ['bytes of another protocol', '\u0016\u0003\u0001\u0002\u0000'],
    ['a method that nobody knows', 'TAKE / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a header without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n'],
    ['two different lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('gets 400 malformed_request: %s', async (_name, text) => {
    const { status, problem } = await talk(text);
    expect([status, problem['code']]).toEqual([400, 'malformed_request']);
    expect(problem['detail']).toMatch(/^this is no HTTP request: ./);
  });

  it('gets 431 headers_too_large for a head of more than 16 KiB', async () => {
    const { status, problem } = await talk(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`);
    expect([status, problem['code']]).toEqual([431, 'headers_too_large']);
  });

  it('is counted by code', async () => {
    await talk('nonsense\r\n\r\n');
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: 'Bearer owner' } });
    expect(await answer.text()).toMatch(/^bellwether_rest_malformed_request_total [1-9]/m);
  });
});

describe('a request that HTTP allows and we do not', () => {
  it('gets 417 expectation_failed for an expectation other than 100-continue', async () => {
    const { status, problem } = await talk('GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n');
    expect([status, problem['code']]).toEqual([417, 'expectation_failed']);
    expect(problem['detail']).toBe('only Expect: 100-continue can be met, not wonders');
  });

  it('gets 400 invalid_header without Host, in HTTP/1.1 and not in 1.0', async () => {
    const { status, problem } = await talk('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect([status, problem['code']]).toEqual([400, 'invalid_header']);
    const old = await talk('GET /api/v1/devices HTTP/1.0\r\n\r\n');
    expect([old.status, old.problem['code']]).toEqual([401, 'unauthorized']);
  });
});
