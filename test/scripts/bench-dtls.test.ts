/** The ground of the benchmarks over DTLS: what a handshake asks of cryptography is counted right, and the load comes over DTLS. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { beforeAll, describe, expect, it } from '@jest/globals';

interface Way {
  readonly suites: readonly number[];
}
interface Kind {
  readonly kind: string;
  readonly calls: readonly unknown[];
}
interface Parties {
  readonly WAYS: Readonly<Record<'psk' | 'certificate' | 'rawKey', Way>>;
  Server: new (way: Way, provider?: unknown) => object;
  Clients: new (way: Way, count: number) => object;
  shakeHands(now: number, server: object, clients: object, count: number): { spent: number; lengths: number[] };
}
interface Primitives {
  recordingProvider(calls: unknown[]): unknown;
  byKind(calls: readonly unknown[], place: string): Kind[];
  countsMustBe(kinds: readonly Kind[], counts: Readonly<Record<string, number>>): void;
}
interface Row {
  readonly title: string;
  readonly ratio: number;
  readonly goal: number;
}
interface Program {
  readonly port: number;
  stop(): Promise<void>;
}
interface Processes {
  startYardstick(name: string): Promise<Program>;
  startLoad(): Promise<{ ask(kind: string, order: object): Promise<object>; stop(): Promise<void> }>;
}

let parties: Parties;
let primitives: Primitives;
let processes: Processes;
let hellos: (order: { scale: { rate: number; seconds: number; devices: number } }) => Row[];

const load = async (path: string): Promise<unknown> => import(pathToFileURL(resolve('scripts/bench', path)).href);

beforeAll(async () => {
  parties = (await load('dtls/parties.mjs')) as Parties;
  primitives = (await load('dtls/primitives.mjs')) as Primitives;
  processes = (await load('processes.mjs')) as Processes;
  ({ hellos } = (await load('cases/hellos.mjs')) as { hellos: typeof hellos });
});

/** What one handshake, and one record behind it, ask of cryptography. */
function asked(way: Way): Kind[] {
  const calls: unknown[] = [];
  const server = new parties.Server(way, primitives.recordingProvider(calls));
  parties.shakeHands(1000, server, new parties.Clients(way, 1), 1);
  return primitives.byKind(calls, '10.0.0.0');
}

const PSK = {
  ...{ 'cookie HMAC': 2, 'HMAC of the PRF': 12, transcript: 1 },
  ...{ 'AEAD seal': 1, 'AEAD open': 2, comparison: 2 },
};

describe('what the server asks of cryptography in a full handshake', () => {
  it('is, with a pre-shared key, what the standards make necessary and no public-key operation', () => {
    expect(() => {
      primitives.countsMustBe(asked(parties.WAYS.psk), PSK);
    }).not.toThrow();
  });

  it.each(['certificate', 'rawKey'] as const)('is one of each public-key operation more with a %s', (way) => {
    expect(() => {
      primitives.countsMustBe(asked(parties.WAYS[way]), { ...PSK, keygen: 1, ECDH: 1, sign: 1, verify: 1 });
    }).not.toThrow();
  });

  it('makes a run void when it is otherwise', () => {
    const kinds = asked(parties.WAYS.psk);
    expect(() => {
      primitives.countsMustBe(kinds, { ...PSK, 'HMAC of the PRF': 11, sign: 1 });
    }).toThrow('void: a handshake asks otherwise of cryptography: HMAC of the PRF: 12, not 11; sign: 0, not 1');
  });
});

describe('a flood of hellos without a cookie', () => {
  it('asks for no public-key operation and silences no device', () => {
    const rows = hellos({ scale: { rate: 1000, seconds: 2, devices: 3 } });
    expect(rows.map(({ ratio, goal }) => ratio <= goal)).toEqual([true, true, true]);
    expect(rows.slice(1).map(({ ratio }) => ratio)).toEqual([0, 0]);
  });
});

describe('the load over DTLS', () => {
  it('makes an association a device, or one a request when asked to, and counts the answers', async () => {
    const generator = await processes.startLoad();
    const bare = await processes.startYardstick('bare-secure');
    const echo = await processes.startYardstick('echo');
    try {
      await generator.ask('open', { count: 10, secure: 'test-' });
      const order = { request: 'update', from: 0, to: 10, perDevice: 3, window: 4 };
      const good = { operations: 30, retransmissions: 0, wrong: 0 };
      const handshakes = async (): Promise<object> => generator.ask('handshakes', {});
      expect(await generator.ask('run', { ...order, port: bare.port })).toMatchObject(good);
      expect(await handshakes()).toEqual({ established: 10, failed: 0 });
      expect(await generator.ask('run', { ...order, port: bare.port, fresh: true })).toMatchObject(good);
      expect(await handshakes()).toEqual({ established: 40, failed: 0 });
      expect(await generator.ask('run', { ...order, port: echo.port, echo: true })).toMatchObject({
        ...good,
        bytes: 64,
      });
    } finally {
      await Promise.all([generator.stop(), bare.stop(), echo.stop()]);
    }
  });
});
