/**
 * A server that has not read its state yet says nothing: hellos and records of associations of before get no answer and no
 * alert until all is loaded, and from then on the answer that is due.
 */

import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { nodeProvider, signingKey } from '#dtls';
import { OWNER } from '#fleet/model';
import { SqliteStore } from '#store';
import { derOf, P256_CERTIFICATE, P256_PKCS8 } from '../dtls/crypto/keys.js';
import { Puppet } from '../dtls/security/support/puppet.js';
import { cookieIn, recordsOf } from '../dtls/security/support/wire.js';
import { TestServer } from '../support/test-server.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
const ADDRESS = '127.0.0.1';
/** An empty Confirmable message, and the first bytes of the Reset that it is answered with (RFC 7252 §4.3). */
const PING = '\x40\x00\x12\x34';

/** What came: a datagram, or the word of the system that nobody listens there. */
type Came = Uint8Array | 'nobody';

/** A device at one address of ours, which is told when nobody listens at the other end. */
class Wire {
  readonly #socket: Socket;
  readonly #inbox: Came[] = [];
  #arrived: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const take = (came: Came): void => {
      this.#inbox.push(came);
      this.#arrived?.();
    };
    socket.on('message', (bytes) => {
      take(Uint8Array.from(bytes));
    });
    socket.on('error', () => {
      take('nobody');
    });
  }

  static async open(port: number): Promise<Wire> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.connect(port, ADDRESS, resolve);
    });
    return new Wire(socket);
  }

  /** Says something; gives what comes next. */
  async say(datagram: Uint8Array): Promise<Came> {
    this.#socket.send(datagram);
    return this.next();
  }

  /** Says something that is not to be answered. */
  tell(datagram: Uint8Array): void {
    this.#socket.send(datagram);
  }

  async next(): Promise<Came> {
    while (this.#inbox.length === 0)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    return this.#inbox.shift() as Came;
  }

  /** Forgets what came and was not looked at. */
  forget(): void {
    this.#inbox.length = 0;
  }

  close(): void {
    this.#socket.close();
  }
}

const load = Object.getOwnPropertyDescriptor(SqliteStore.prototype, 'load')?.value as SqliteStore['load'];
let wire: Wire | undefined;
let server: Promise<TestServer> | undefined;
let release: () => void = () => undefined;

beforeEach(() => {
  wire = undefined;
  server = undefined;
});

afterEach(async () => {
  SqliteStore.prototype.load = load;
  release();
  wire?.close();
  await (await server)?.stop();
});

function device(): Puppet {
  return new Puppet({
    kind: 'psk',
    provider: nodeProvider,
    identity: Buffer.from('early'),
    psk: Buffer.from(KEY, 'hex'),
    key: signingKey(P256_PKCS8),
    certificate: derOf(P256_CERTIFICATE),
    session: { handle: new Uint8Array(32), master: new Uint8Array(48) },
    randoms: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
  });
}

const asReplies = (came: Came) => (came === 'nobody' ? [] : [{ address: ADDRESS, port: 1, bytes: came }]);

/** A whole handshake; the first answer. */
async function shake(puppet: Puppet, to: Wire): Promise<Came> {
  const first = await to.say(puppet.hello('full', 'without'));
  puppet.given('full', cookieIn(asReplies(first)));
  puppet.begun('full', asReplies(await to.say(puppet.hello('full', 'with'))));
  const { datagram, taken } = puppet.keyExchange('psk');
  to.tell(datagram);
  taken();
  to.tell(puppet.changeCipherSpec());
  await to.say(puppet.finished('sealed'));
  puppet.established();
  return first;
}

/** The types of the records that came. */
const types = (came: Came): number[] | 'nobody' =>
  came === 'nobody' ? came : recordsOf(came).map(({ view }) => view.type);

const [HANDSHAKE, DATA] = [22, 23];

it('handshakes and records of before are met by silence until the state is loaded, and then by what is due', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-flow-'));
  const before = await TestServer.start({}, folder);
  server = Promise.resolve(before);
  await before.running.fleet.credentials.put(OWNER, 'early', 'k1', {
    kind: 'psk',
    identity: 'early',
    key: `hex:${KEY}`,
  });
  const port = Number(new URL(before.coaps).port);
  wire = await Wire.open(port);
  const old = device();
  await shake(old, wire);
  expect(types(await wire.say(old.data('sealed', PING)))).toEqual([DATA]);
  await before.running.stop();
  wire.forget();

  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reading = new Promise<void>((resolve) => {
    SqliteStore.prototype.load = async function* (this: SqliteStore, ...args) {
      resolve();
      await held;
      yield* load.apply(this, args);
    };
  });
  server = TestServer.start({ coaps: [`${ADDRESS}:${port}`] }, folder);
  await reading;
  const fresh = device();
  for (let round = 0; round < 20; round += 1) {
    const early = [
      fresh.hello('full', 'without'),
      old.data('sealed', PING),
      old.hello('full', 'with'),
      old.alert(2, 40),
    ];
    for (const datagram of early) expect(await wire.say(datagram)).toBe('nobody');
  }

  release();
  const after = await server;
  wire.forget();
  // The stop was an orderly one: the association goes on, and none of what was said too early counts. A hello is answered.
  expect(types(await wire.say(old.data('sealed', PING)))).toEqual([DATA]);
  const next = device();
  expect(types(await shake(next, wire))).toEqual([HANDSHAKE]);
  expect(types(await wire.say(next.data('sealed', PING)))).toEqual([DATA]);
  expect(after.running.stack.secureCounters()).toMatchObject({ adopted: 1, established: 1 });
});
