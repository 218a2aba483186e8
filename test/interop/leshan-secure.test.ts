/** Devices on Eclipse Leshan's client library against the built server over DTLS: keys of every kind, Connection IDs, moves, restarts. */

import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { Credentials } from './dtls/support/credentials.js';
import { Bellwether } from './support/bellwether.js';
import { LESHAN_2, buildLeshanPeer, leshanPeer, leshanVersion } from './support/leshan.js';
import { eventually, run, type Program } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const KEY = '000102030405060708090a0b0c0d0e0f';
/** RFC 5246 §7.2. */
const UNKNOWN_CA = 48;
const server = new Bellwether();
const cells = new Cells('Eclipse Leshan client over DTLS');
const devices: Program[] = [];
const relays: Relay[] = [];
let credentials: Credentials;

const start = (at = server, ...more: string[]): Promise<void> =>
  at.start(
    ...['--coaps-key', credentials.path('srv.key'), '--coaps-chain', credentials.path('chain.pem')],
    ...['--log-level', 'info', ...more],
  );

beforeAll(async () => {
  buildLeshanPeer(LESHAN_2);
  credentials = new Credentials();
  writeFileSync(credentials.path('chain.pem'), credentials.read('srv.pem'));
  await start();
}, 600_000);

afterAll(async () => {
  await server.dispose();
  credentials?.dispose();
  cells.print(leshanVersion(LESHAN_2));
}, 60_000);

/** Ends what a test, or the tests of one device, started. */
async function away(): Promise<void> {
  await Promise.all(devices.splice(0).map((device) => device.stop('SIGKILL')));
  for (const relay of relays.splice(0)) relay.close();
}

/** A device, and the relay through which it comes. */
interface Peer {
  readonly endpoint: string;
  readonly device: Program;
  readonly relay: Relay;
}

/** Starts a device of that name and arguments. */
async function starts(endpoint: string, more: readonly string[], at = server, host = '127.0.0.1'): Promise<Peer> {
  const relay = await Relay.to(at.coapsPort);
  relays.push(relay);
  const device = leshanPeer(LESHAN_2, endpoint, `coaps://${host}:${relay.port}`, ...more);
  devices.push(device);
  return { endpoint, device, relay };
}

/** Starts it and waits until it is registered. */
async function registers(endpoint: string, ...more: string[]): Promise<Peer> {
  const peer = await starts(endpoint, more);
  await peer.device.line(/^REGISTERED /);
  return peer;
}

/** Puts a credential of a device. */
async function credential(endpoint: string, body: Record<string, unknown>, at = server): Promise<void> {
  expect((await at.rest('PUT', `/devices/${endpoint}/credentials/c1`, body)).status).toBe(201);
}

/** Gives a device the key that it comes with; the argument for that. */
async function key(endpoint: string, at = server): Promise<string> {
  await credential(endpoint, { kind: 'psk', identity: `id-${endpoint}`, key: `hex:${KEY}` }, at);
  return `psk=id-${endpoint}:${KEY}`;
}

/** What a device proved, as its registration shows it. */
async function proven(endpoint: string): Promise<unknown> {
  const { body } = await server.rest('GET', `/devices/${endpoint}`);
  return (body['registration'] as Record<string, unknown> | undefined)?.['identity'];
}

/** Orders an operation that has to succeed; its result. */
async function succeeds({ endpoint }: Peer, request: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { state, error, result } = await server.operate(endpoint, request);
  expect({ state, error }).toEqual({ state: 'succeeded', error: undefined });
  return (result ?? {}) as Record<string, unknown>;
}

async function manufacturer(peer: Peer): Promise<void> {
  const result = await succeeds(peer, { kind: 'read', path: '/3/0' });
  expect(result['node']).toMatchObject({ resources: { '0': { value: 'Leshan' }, '1': { value: 'M18' } } });
}

/** Tells it something and waits for its answer. */
async function tells({ device }: Peer, line: string, answer: RegExp): Promise<string> {
  const mark = device.lines.length;
  device.tell(line);
  return device.line(answer, mark);
}

const known = async ({ endpoint }: Peer, path: string): Promise<Record<string, unknown>> =>
  (await server.rest('GET', `/devices/${endpoint}/resources${path}`)).body;

/** Keeps its temperature observed, and waits until it is. */
async function observe({ endpoint }: Peer): Promise<void> {
  const url = `/devices/${endpoint}/observations/temperature`;
  expect((await server.rest('PUT', url, { paths: ['/3303/0/5700'] })).status).toBe(200);
  await eventually('the observation', async () =>
    (await server.rest('GET', url)).body['state'] === 'active' ? true : undefined,
  );
}

/** Has it notify a value and waits until that is kept. */
async function notifies(peer: Peer, value: number): Promise<void> {
  peer.device.tell(`temp ${value}`);
  await eventually(`the value ${value}`, async () =>
    (await known(peer, '/3303/0/5700'))['value'] === value ? true : undefined,
  );
  expect(await known(peer, '/3303/0/5700')).toMatchObject({ value, source: 'notify' });
}

const metric = async (name: string, at = server): Promise<number> => (await at.metrics()).get(name) ?? 0;
const established = (): Promise<number> => metric('dtls_established_total');

describe.each([
  ['without Connection IDs', 'plain', ['cid=-1'], { up: 23, down: 23 }],
  ['with a Connection ID of ours alone', 'cid0', ['cid=0'], { up: 25, down: 23 }],
  ['with Connection IDs of both sides', 'cid4', ['cid=4'], { up: 25, down: 25 }],
] as const)('a device with a pre-shared key, %s', (how, name, more, types) => {
  let peer: Peer;

  beforeAll(async () => {
    peer = await registers(`psk-${name}`, await key(`psk-${name}`), ...more);
  }, 60_000);

  afterAll(away);

  it('LightweightM2M-1.1-int-401 UDP channel security, pre-shared key: registers and is read', async () => {
    expect(await proven(peer.endpoint)).toEqual({ kind: 'psk', name: `id-psk-${name}` });
    await manufacturer(peer);
    expect([peer.relay.sealed('up'), peer.relay.sealed('down')]).toEqual([[types.up], [types.down]]);
    cells.passed(`401 ${how}`, peer.relay.last('up'));
  });

  it('is observed, written, executed and sends', async () => {
    await observe(peer);
    await notifies(peer, 30.5);
    await succeeds(peer, { kind: 'write', path: '/3442/0/110', mode: 'replace', value: 'over DTLS' });
    expect((await succeeds(peer, { kind: 'read', path: '/3442/0/110' }))['node']).toMatchObject({ value: 'over DTLS' });
    const mark = peer.device.lines.length;
    await succeeds(peer, { kind: 'execute', path: '/1/0/8' });
    await peer.device.line(/^UPDATED/, mark);
    expect(await tells(peer, 'send SENML_CBOR /3442/0/130', /^SENT /)).toMatch(/CHANGED/);
    expect(await known(peer, '/3442/0/130')).toMatchObject({ value: 3.14159, source: 'send' });
    cells.passed(`observe, write, execute, Send ${how}`, peer.relay.last('up'));
  });

  it('de-registers', async () => {
    await tells(peer, 'stop', /^DEREGISTERED/);
    const { body } = await server.rest('GET', `/devices/${peer.endpoint}`);
    expect([body['presence'], body['registration']]).toEqual(['offline', undefined]);
    cells.passed(`de-register ${how}`, peer.relay.last('up'));
  });
});

describe('a device with a pre-shared key in queue mode', () => {
  afterAll(away);

  it('gets what waits after its Update and after its Send', async () => {
    const peer = await registers('psk-queue', await key('psk-queue'), 'queue', 'cid=4');
    const url = `/devices/${peer.endpoint}`;
    expect((await server.rest('PATCH', url, { awakeWindow: 2 })).status).toBe(200);
    for (const [line, answer, value] of [
      ['update', /^UPDATED/, 'after an Update'],
      ['send SENML_CBOR /3442/0/130', /^SENT .*CHANGED/, 'after a Send'],
    ] as const) {
      await eventually('sleep', async () =>
        (await server.rest('GET', url)).body['presence'] === 'asleep' ? true : undefined,
      );
      const order = { kind: 'write', path: '/3442/0/110', mode: 'replace', value };
      const body = await server.order(peer.endpoint, order);
      expect(body).toMatchObject({ state: 'queued', waitingFor: 'contact' });
      await tells(peer, line, answer);
      expect((await server.ended(body['id']))['state']).toBe('succeeded');
      expect(peer.device.lines.filter((text) => text.startsWith('WRITTEN') && text.includes(value))).toHaveLength(1);
      cells.passed(`queue mode, ${value}`, peer.relay.last('down'));
    }
  }, 60_000);
});

describe('a device with a raw public key', () => {
  afterEach(away);
  const rpk = (pinned: string): string =>
    `rpk=${credentials.path('cli.p8.der')},${credentials.path('cli.pub.pem')},${credentials.path(pinned)}`;

  it.each(['cid=0', 'cid=4'])('registers and is read where it pins the key of the server, %s', async (cid) => {
    const name = `rpk-${cid.slice(4)}`;
    // An identity belongs to one device: the key moves on with each.
    await server.rest('DELETE', '/devices/rpk-0/credentials/c1');
    await credential(name, { kind: 'rpk', publicKey: credentials.read('cli.pub.pem') });
    const peer = await registers(name, rpk('srv.pub.pem'), cid);
    expect(await proven(name)).toMatchObject({ kind: 'rpk' });
    await manufacturer(peer);
    await observe(peer);
    await notifies(peer, 31.5);
    cells.passed(`raw public key ${cid}`, peer.relay.last('up'));
  });

  it('does not come where it pins another key, and the server goes on', async () => {
    const before = await server.metrics();
    await givesUp(await starts('rpk-4', [rpk('stranger.pub.pem')]), before);
    await manufacturer(await registers('rpk-4', rpk('srv.pub.pem')));
  });
});

describe('a device with a certificate', () => {
  afterEach(away);
  const x509 = (name: string): string =>
    `x509=${credentials.path(`${name}.p8.der`)},${credentials.path(`${name}.pem`)},${credentials.path('ca.pem')}`;

  beforeAll(async () => {
    const anchor = { certificate: credentials.read('ca.pem'), rule: '{cn}' };
    expect((await server.rest('PUT', '/trust-anchors/factory', anchor)).status).toBe(200);
    openssl('pkcs8', '-topk8', '-nocrypt', '-in', 'stranger.key', '-outform', 'DER', '-out', 'stranger.p8.der');
  });

  it.each(['cid=0', 'cid=4'])(
    'LightweightM2M-1.1-int-402 UDP channel security, certificates: registers under its common name, %s',
    async (cid) => {
      const peer = await registers('dev1', x509('cli'), cid);
      expect(await proven('dev1')).toMatchObject({ kind: 'x509' });
      await manufacturer(peer);
      await observe(peer);
      await notifies(peer, 32.5);
      cells.passed(`402 ${cid}`, peer.relay.last('up'));
    },
  );

  it('is refused under another name than its common name', async () => {
    const peer = await starts('dev2', [x509('cli')]);
    expect(await peer.device.line(/^REGISTER/)).toMatch(/^REGISTER-FAILED BAD_REQUEST/);
    expect((await server.rest('GET', '/devices/dev2')).status).toBe(404);
    cells.passed('certificate with another common name', peer.relay.last('down'));
  });

  it('makes no association with a certificate of an issuer that nobody trusts', async () => {
    const before = await server.metrics();
    const peer = await starts('stranger', [x509('stranger')]);
    expect(await peer.device.line(/^(REGISTER|UNEXPECTED)/)).not.toMatch(/^REGISTERED/);
    const after = await server.metrics();
    expect(after.get('dtls_established_total')).toBe(before.get('dtls_established_total'));
    expect((await server.rest('GET', '/devices/stranger')).status).toBe(404);
    expect(peer.relay.alerts()).toEqual([UNKNOWN_CA]);
    cells.passed('certificate of a stranger', peer.relay.last('down'));
  });

  it('LightweightM2M-1.1-int-403 Certificate with another server name: the device gives up, the server goes on', async () => {
    const ours = readFileSync(credentials.path('chain.pem'));
    writeFileSync(credentials.path('other.ext'), 'subjectAltName=DNS:server.example.com\n');
    openssl('req', '-new', '-key', 'srv.key', '-subj', '/CN=server.example.com', '-out', 'other.csr');
    openssl(
      ...['x509', '-req', '-in', 'other.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '30', '-extfile', 'other.ext', '-out', 'other.pem'],
    );
    await presents(readFileSync(credentials.path('other.pem')));
    const before = await server.metrics();
    const peer = await starts('dev1', [x509('cli')], server, 'localhost');
    await givesUp(peer, before);
    cells.passed('403', peer.relay.last('up'));
    await presents(ours);
    const again = await starts('dev1', [x509('cli')], server, 'localhost');
    await again.device.line(/^REGISTERED /);
    await manufacturer(again);
  }, 60_000);
});

/** Waits until a device has ended its handshake with an alert, and nothing came of it. */
async function givesUp({ device }: Peer, before: ReadonlyMap<string, number>): Promise<void> {
  expect(await device.line(/^(REGISTER|UNEXPECTED)/)).not.toMatch(/^REGISTERED/);
  const after = await server.metrics();
  const raised = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  expect(raised('dtls_failed_alert_received_total')).toBe(1);
  expect(raised('dtls_established_total')).toBe(0);
}

/** Has the server present another chain, without a restart. */
async function presents(chain: Buffer): Promise<void> {
  writeFileSync(credentials.path('chain.pem'), chain);
  const again = (): number => (server.program?.output().match(/were read again/g) ?? []).length;
  const before = again();
  server.program?.child.kill('SIGHUP');
  await eventually('the chain to be read', () => (again() > before ? true : undefined));
}

function openssl(...args: string[]): void {
  run('openssl', args, { cwd: credentials.folder });
}

describe('a device whose address changes', () => {
  afterEach(away);

  it.each(['cid=0', 'cid=4'])(
    'goes on without a handshake, and is read where it is now, %s',
    async (cid) => {
      const name = `moving-${cid.slice(4)}`;
      const peer = await registers(name, await key(name), cid);
      await observe(peer);
      const before = { established: await established(), moves: await metric('dtls_moves_total') };
      peer.relay.move();
      await tells(peer, 'update', /^UPDATED/);
      await manufacturer(peer);
      await notifies(peer, 33.5);
      expect(await metric('dtls_moves_total')).toBe(before.moves + 1);
      peer.relay.move();
      await notifies(peer, 34.5);
      await manufacturer(peer);
      expect(await established()).toBe(before.established);
      expect(await metric('dtls_moves_total')).toBe(before.moves + 2);
      expect(peer.device.lines.filter((line) => line.startsWith('REGISTER'))).toHaveLength(1);
      cells.passed(`move ${cid}`, peer.relay.last('up'));
    },
    60_000,
  );

  it('gets what was sent to its old address again, as soon as it is heard from the new one', async () => {
    const peer = await registers('moving-read', await key('moving-read'), 'cid=4');
    await manufacturer(peer);
    const before = await established();
    peer.relay.move();
    const { id } = await server.order(peer.endpoint, { kind: 'read', path: '/3/0/0' });
    await eventually('the request to be lost', () => (peer.relay.lost > 0 ? true : undefined));
    await tells(peer, 'update', /^UPDATED/);
    expect(await server.ended(id)).toMatchObject({ state: 'succeeded', result: { node: { value: 'Leshan' } } });
    expect(await established()).toBe(before);
    cells.passed('read after a move', peer.relay.last('up'));
  }, 60_000);

  it('comes back with a handshake where there is no Connection ID', async () => {
    const peer = await registers('moving-plain', await key('moving-plain'), 'cid=-1', 'timeout=3');
    const before = await established();
    peer.relay.move();
    await tells(peer, 'update', /^UPDATED/);
    expect(await established()).toBe(before + 1);
    await manufacturer(peer);
    cells.passed('move without Connection ID', peer.relay.last('up'));
  }, 60_000);
});

describe('a device that proves nothing good', () => {
  const strict = new Bellwether();

  beforeAll(async () => {
    await start(strict, '--dtls-handshake-deadline', '10');
    await key('kept', strict);
  }, 60_000);

  afterEach(away);
  afterAll(() => strict.dispose());

  /** Everything that the server keeps for handshakes and associations. */
  const KEPT = ['associations', 'last_flights', 'half_open', 'half_open_cids', 'questions'];

  it.each([
    ['a wrong key', 'psk=id-kept:ff0102030405060708090a0b0c0d0e0f'],
    ['an identity that is unknown', `psk=nobody:${KEY}`],
  ])(
    'does not register with %s, and nothing is kept of it',
    async (what, argument) => {
      const before = await strict.metrics();
      const peer = await starts('kept', [argument, 'cid=4'], strict);
      await eventually('its handshake', async () =>
        (await metric('dtls_half_open', strict)) === 1 ? true : undefined,
      );
      const kept = await eventually('nothing to be kept', async () => {
        const metrics = await strict.metrics();
        const values = Object.fromEntries(KEPT.map((name) => [name, metrics.get(`dtls_${name}`)]));
        return Object.values(values).every((value) => value === 0) ? values : undefined;
      });
      expect(Object.keys(kept)).toEqual(KEPT);
      const raised = async (name: string): Promise<number> => (await metric(name, strict)) - (before.get(name) ?? 0);
      expect(await raised('dtls_handshakes_total')).toBe(1);
      expect(await raised('dtls_dropped_record_not_genuine_total')).toBeGreaterThan(0);
      expect(await metric('dtls_established_total', strict)).toBe(0);
      // Nothing tells it whether the identity or the key is wrong.
      expect(peer.relay.alerts()).toEqual([]);
      expect(peer.device.lines.filter((line) => line.startsWith('REGISTERED'))).toEqual([]);
      expect((await strict.rest('GET', '/devices/kept')).body['registration']).toBeUndefined();
      cells.passed(what, peer.relay.last('up'));
    },
    60_000,
  );
});

describe('a device that uses the name of another', () => {
  afterAll(away);

  it('gets 4.00, and the other is unharmed', async () => {
    const victim = await registers('victim', await key('victim'), 'cid=4');
    await observe(victim);
    const argument = await key('thief');
    const thief = await starts('victim', [argument, 'cid=4']);
    expect(await thief.device.line(/^REGISTER/)).toMatch(/^REGISTER-FAILED BAD_REQUEST/);
    expect(await proven('victim')).toEqual({ kind: 'psk', name: 'id-victim' });
    await notifies(victim, 35.5);
    await manufacturer(victim);
    await tells(victim, 'update', /^UPDATED/);
    expect(victim.device.lines.filter((line) => line.startsWith('REGISTER'))).toHaveLength(1);
    cells.passed('name of another', thief.relay.last('down'));
  }, 60_000);
});

describe('a device whose server was stopped in good order', () => {
  afterAll(away);

  it('goes on with its Connection ID: without a handshake, from another port, and its observation with it', async () => {
    const peer = await registers('rested', await key('rested'), 'cid=4', 'timeout=3');
    await observe(peer);
    await notifies(peer, 36.5);
    expect(await server.stop()).toBe(0);
    peer.relay.move();
    await start();
    expect(await metric('dtls_adopted_total')).toBeGreaterThanOrEqual(1);
    await tells(peer, 'update', /^UPDATED/);
    await notifies(peer, 37.5);
    await manufacturer(peer);
    expect(await established()).toBe(0);
    expect(peer.device.lines.filter((line) => line.startsWith('REGISTER'))).toHaveLength(1);
    cells.passed('orderly restart', peer.relay.last('up'));
  }, 90_000);

  it('is there at once: what is ordered goes out before it has said a word', async () => {
    const peer = await registers('there', await key('there'), 'cid=4', 'timeout=3');
    expect(await server.stop()).toBe(0);
    await start();
    await manufacturer(peer);
    expect(await established()).toBe(0);
    cells.passed('order after an orderly restart', peer.relay.last('up'));
  }, 90_000);
});

describe('a device whose server was killed', () => {
  afterAll(away);

  it('comes back with a handshake, and what was acknowledged or ordered meanwhile is not lost', async () => {
    const peer = await registers('survivor', await key('survivor'), 'cid=4', 'timeout=3');
    await observe(peer);
    await notifies(peer, 36.5);
    const write = { kind: 'write', path: '/3442/0/120', mode: 'replace', value: 77 };
    const { id } = await server.operate('survivor', write);
    await server.stop('SIGKILL');
    await start();
    expect(await server.ended(id)).toMatchObject({ state: 'succeeded', path: '/3442/0/120' });
    expect(await known(peer, '/3303/0/5700')).toMatchObject({ value: 36.5, source: 'notify' });
    expect(await proven('survivor')).toEqual({ kind: 'psk', name: 'id-survivor' });
    const order = { kind: 'write', path: '/3442/0/110', mode: 'replace', value: 'ordered meanwhile' };
    const body = await server.order(peer.endpoint, order);
    expect(body).toMatchObject({ state: 'queued', waitingFor: 'contact' });
    await tells(peer, 'update', /^UPDATED/);
    expect((await server.ended(body['id']))['state']).toBe('succeeded');
    expect(await established()).toBe(1);
    const written = peer.device.lines.filter((line) => line.startsWith('WRITTEN 110'));
    expect(written).toEqual([expect.stringContaining('ordered meanwhile')]);
    await eventually('the observation', async () => {
      const { body: one } = await server.rest('GET', '/devices/survivor/observations/temperature');
      return one['state'] === 'active' ? true : undefined;
    });
    await notifies(peer, 37.5);
    await manufacturer(peer);
    cells.passed('restart by SIGKILL', peer.relay.last('up'));
  }, 90_000);
});
