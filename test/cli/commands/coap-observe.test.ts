/** Observation by the CoAP tool, against a server that is a socket and a script. */

import { afterEach, describe, expect, it } from '@jest/globals';

import { bellwether, type Outcome } from '../support/command-line.js';
import { Bellwether } from '../support/process.js';
import { UdpServer, type Script } from '../support/udp-server.js';

const servers: UdpServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serverOf(answers: Readonly<Record<string, readonly string[]>> | Script): Promise<UdpServer> {
  const server = await (typeof answers === 'function' ? UdpServer.open(answers) : UdpServer.table(answers));
  servers.push(server);
  return server;
}

const FIXED = ['--message-id', '1', '--token', 'a1'];

/** `bellwether coap observe URI` with message id 1 and token a1. */
function observe(uri: string, ...flags: string[]): Promise<Outcome> {
  return bellwether(['coap', 'observe', uri, ...FIXED, ...flags]);
}

/** GET with Observe 0 and Observe 1 of /t, and answers: Observe 1, text "a". */
const REGISTER = '41010001 a1 60 5174';
const CANCEL = '41010002 a1 6101 5174';
const ACCEPTED = '61450001 a1 6101 ff61';
const CANCELLED = '61450002 a1 ff7a';

describe('observe', () => {
  it('registers, acknowledges and shows notifications, and de-registers with the same token (RFC 7641 §3.6)', async () => {
    const server = await serverOf({
      // The notifications: CON Observe 2, NON Observe 3.
      [REGISTER]: [ACCEPTED, '41450009 a1 6102 ff62', '5145000a a1 6103 ff63'],
      [CANCEL]: [CANCELLED],
    });
    expect(await observe(`${server.uri}/t`, '--count', '2')).toEqual({
      code: 0,
      out:
        '2.05 Content, Observe 1, 1 byte\na\n' +
        'notification 1: 2.05 Content, Observe 2, 1 byte\nb\n' +
        'notification 2: 2.05 Content, Observe 3, 1 byte\nc\n' +
        '2.05 Content, 1 byte\nz\n',
      err: '',
    });
    expect(server.received).toEqual(['41010001a1605174', '60000009', '41010002a161015174']);
  });

  it('leaves without a word when it is told to', async () => {
    const server = await serverOf({ [REGISTER]: [ACCEPTED, '5145000a a1 6103'] });
    expect(await observe(`${server.uri}/t`, '--count', '1', '--abandon')).toMatchObject({ code: 0 });
    expect(server.received).toEqual(['41010001a1605174']);
  });

  it('ends after a time', async () => {
    const server = await serverOf({ [REGISTER]: [ACCEPTED], [CANCEL]: [CANCELLED] });
    expect(await observe(`${server.uri}/t`, '--observe-for', '0.05')).toMatchObject({ code: 0 });
    expect(server.received).toEqual(['41010001a1605174', '41010002a161015174']);
  });

  it('by FETCH repeats its payload in the de-registration (RFC 8132 §2.4)', async () => {
    // FETCH, Observe, Uri-Path t, Content-Format 320, payload.
    const server = await serverOf({
      '41050001 a1 60 5174 120140 ff5b5d': ['61450001 a1 6101', '5145000a a1 6103'],
      '41050002 a1 6101 5174 120140 ff5b5d': ['61450002 a1'],
    });
    const flags = ['--method', 'fetch', '--payload', '[]', '--content-format', 'senml-etch-json', '--count', '1'];
    expect(await observe(`${server.uri}/t`, ...flags)).toMatchObject({ code: 0, err: '' });
    expect(server.received).toHaveLength(2);
  });

  it('tells notifications that are older than one before (RFC 7641 §3.4)', async () => {
    const server = await serverOf({
      [REGISTER]: ['61450001 a1 6105 ff61', '5145000a a1 6107', '5145000b a1 6106'],
      [CANCEL]: [CANCELLED],
    });
    const { out } = await observe(`${server.uri}/t`, '--count', '2');
    expect(out).toContain('notification 1: 2.05 Content, Observe 7\n');
    expect(out).toContain('notification 2, older than one before: 2.05 Content, Observe 6\n');
  });

  it('ends with exit code 3 when the server ends it with an error', async () => {
    const server = await serverOf({ [REGISTER]: [ACCEPTED, '5184000a a1'] });
    const { code, out, err } = await observe(`${server.uri}/t`, '--json');
    expect([code, err]).toEqual([3, `bellwether: ${server.at} answered 4.04 Not Found\n`]);
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toEqual({
      event: 'notification',
      seconds: expect.any(Number),
      number: 1,
      fresh: true,
      confirmable: false,
      final: true,
      code: '4.04 Not Found',
      options: [],
      payload: { length: 0, hex: '', text: '' },
    });
    expect(server.received).toHaveLength(1);
  });

  it('ends with exit code 3 when the server refuses it, and 1 when it answers without Observe', async () => {
    const refusing = await serverOf({ [REGISTER]: ['61850001 a1'] });
    expect(await observe(`${refusing.uri}/t`)).toMatchObject({ code: 3 });
    const deaf = await serverOf({ [REGISTER]: ['61450001 a1 ff61'] });
    expect(await observe(`${deaf.uri}/t`)).toEqual({
      code: 1,
      out: '2.05 Content, 1 byte\na\n',
      err: `bellwether: ${deaf.at} answered without Observe: it does not let this be observed\n`,
    });
  });

  it('acknowledges no notification when that is withheld, and tells the same one that comes again', async () => {
    const notification = '41450009 a1 6102 ff62';
    const server = await serverOf({
      [REGISTER]: [ACCEPTED, notification, notification, '5145000a a1 6103'],
      [CANCEL]: [CANCELLED],
    });
    const { code, out } = await observe(`${server.uri}/t`, '--count', '2', '--withhold-ack');
    expect(code).toBe(0);
    expect(out).toContain('notification 1: 2.05 Content, Observe 2, 1 byte\nb\n');
    expect(out).toMatch(
      /< CON 2\.05 Content, MID 9, token a1, Observe 2, payload 1 byte \(the same bytes, 2 times now\)\n/,
    );
    expect(out).toContain('notification 2: 2.05 Content, Observe 3\n');
    expect(server.received).toEqual(['41010001a1605174', '41010002a161015174']);
  });

  it.each([[[]], [['--in-turn']]])('may repeat its registration and its end %j', async (flags) => {
    const server = await serverOf({ [REGISTER]: [ACCEPTED], [CANCEL]: [CANCELLED] });
    const outcome = await observe(`${server.uri}/t`, '--observe-for', '0.01', '--repeat', '2', ...flags);
    expect(outcome.code).toBe(0);
    const [register, cancel] = ['41010001a1605174', '41010002a161015174'];
    expect(server.received).toEqual([register, register, cancel, cancel]);
  });

  it('fetches the rest of a notification in blocks and shows it whole (RFC 7959 §2.6)', async () => {
    const a = '61'.repeat(16);
    const server = await serverOf((hex) => {
      if (hex.startsWith('41010001')) return [ACCEPTED, `5145000a a1 6102 d104 08 ff${a}`];
      // Block 1 under a token of its own.
      if (hex.startsWith('48010002')) return [`68450002 ${hex.slice(8, 24)} d10a10 ff62`];
      return hex.startsWith('41010003') ? ['61450003 a1'] : undefined;
    });
    const { code, out } = await observe(`${server.uri}/t`, '--count', '1');
    expect(code).toBe(0);
    expect(out).toContain(`notification 1: 2.05 Content, Observe 2, Block2 0/more/16, 17 bytes\n${'a'.repeat(16)}b\n`);
  });
});

describe('a signal', () => {
  it('ends an observation as it should be ended: de-registered, exit code 0', async () => {
    const server = await serverOf({ [REGISTER]: [ACCEPTED], [CANCEL]: [CANCELLED] });
    const running = new Bellwether(['coap', 'observe', `${server.uri}/t`, ...FIXED]);
    await running.says(/Observe 1, 1 byte/);
    expect(await running.end('SIGINT')).toBe(0);
    expect(server.received).toEqual(['41010001a1605174', '41010002a161015174']);
    expect(running.out).toMatch(/2\.05 Content, 1 byte\nz\n$/);
  });

  it('ends a request that is not answered, with exit code 1', async () => {
    const server = await serverOf({ '41010001 a1': ['60000001'] });
    const running = new Bellwether(['coap', 'get', server.uri, ...FIXED, '--hex']);
    await running.says(/< ACK 0\.00 Empty/);
    expect(await running.end('SIGTERM')).toBe(1);
    expect(running.err).toBe(`bellwether: interrupted before ${server.at} answered\n`);
  });

  it('ends listening on', async () => {
    const server = await serverOf({ '41010001 a1': ['60000001', '41450009 a1 ff61'] });
    const running = new Bellwether(['coap', 'get', server.uri, ...FIXED, '--withhold-ack', '--timeout', '1000']);
    await running.says(/2\.05 Content, 1 byte\na/);
    expect(await running.end('SIGINT')).toBe(0);
  });

  it('ends listening for what raw bytes bring', async () => {
    const server = await serverOf({ '00': ['01'] });
    const running = new Bellwether(['coap', 'raw', server.uri, '00', '--timeout', '1000']);
    await running.says(/1 byte\n +01\n/);
    expect(await running.end('SIGINT')).toBe(0);
  });
});
