/** The CoAP tool against a server that is a socket and a script: every byte of what it sends, and what it says of what comes. */

import { lookup } from 'node:dns/promises';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from '@jest/globals';

import { bellwether, type Outcome } from '../support/command-line.js';
import { UdpServer, type Script } from '../support/udp-server.js';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serverOf(answers: Readonly<Record<string, readonly string[]>> | Script, address?: string) {
  const server = await (typeof answers === 'function'
    ? UdpServer.open(answers, address)
    : UdpServer.table(answers, address));
  closing.push(() => {
    server.close();
  });
  return server;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'coap-'));
  closing.push(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

/** `bellwether coap METHOD URI` with message id 1 and token a1 unless told otherwise. */
function coap(method: string, uri: string, ...flags: string[]): Promise<Outcome> {
  const fixed = [
    ...(flags.includes('--message-id') ? [] : ['--message-id', '1']),
    ...(flags.includes('--token') ? [] : ['--token', 'a1']),
  ];
  return bellwether(['coap', method, uri, ...fixed, ...flags]);
}

/** JSON lines without their times. */
function lines(out: string): Record<string, unknown>[] {
  return out
    .trim()
    .split('\n')
    .map((line) => {
      const { seconds, ...rest } = JSON.parse(line) as Record<string, unknown>;
      expect(seconds).toEqual(expect.any(Number));
      return rest;
    });
}

/** Times of datagrams as dots. */
function timeless(out: string): string[] {
  return out
    .trimEnd()
    .replaceAll(/^ *\d+\.\d{3} (?=[<>])/gm, '')
    .split('\n');
}

describe('a request of the CoAP tool', () => {
  it('has the bytes of RFC 7252 Appendix A, figure 17, and shows the answer', async () => {
    const server = await serverOf({
      '41017d35 20 bb74656d7065726174757265': ['61457d35 20 ff 32322e332043'],
    });
    const flags = ['--message-id', '0x7d35', '--token', '20'];
    expect(await coap('get', `${server.uri}/temperature`, ...flags)).toEqual({
      code: 0,
      out: '2.05 Content, 6 bytes\n22.3 C\n',
      err: '',
    });
  });

  it.each([
    ['get', '01'],
    ['post', '02'],
    ['put', '03'],
    ['delete', '04'],
    ['fetch', '05'],
    ['ipatch', '07'],
  ])('by %s has code 0x%s (RFC 7252 §12.1.1, RFC 8132)', async (method, code) => {
    const server = await serverOf({ [`41${code}0001 a1 b133`]: ['61440001 a1'] });
    expect(await coap(method, `${server.uri}/3`)).toEqual({ code: 0, out: '2.04 Changed\n', err: '' });
    expect(server.received).toEqual([`41${code}0001a1b133`]);
  });

  it('has options of the URI, of its flags and any others, by number, equal ones in the order given', async () => {
    const server = await serverOf((hex) => [`6144${hex.slice(4, 8)}a1`]);
    await coap(
      ...['put', `${server.uri}/3/0?pmin=10`, '--content-format', 'tlv', '--accept', '112'],
      ...['--option', '2049=0x01', '--option', '15=b', '--option', '1=0xff', '--option', '15=', '--option', '5'],
      ...['--payload', 'é'],
    );
    expect(server.received).toEqual([
      // If-Match ff, If-None-Match, Uri-Path 3 and 0, Content-Format 11542, Uri-Query, Accept 112, 2049 = 01, payload.
      '41030001a1' +
        '11ff' +
        '40' +
        '6133' +
        '0130' +
        '122d16' +
        '37706d696e3d3130' +
        '0162' +
        '00' +
        '2170' +
        'e106e301' +
        'ffc3a9',
    ]);
  });

  it('takes its payload from hex and from a file', async () => {
    const server = await serverOf((hex) => [`6144${hex.slice(4, 8)}a1`]);
    const file = join(folder(), 'payload');
    writeFileSync(file, Buffer.from([0, 255]));
    await coap('post', server.uri, '--payload-hex', '00 ff 10');
    await coap('post', server.uri, '--payload-file', file);
    expect(server.received).toEqual(['41020001a1ff00ff10', '41020001a1ff00ff']);
  });

  it('may be non-confirmable, and without token', async () => {
    const server = await serverOf({ '50010001 b133': ['5045ffff ff61'] });
    const outcome = await coap('get', `${server.uri}/3`, '--non', '--token', '');
    expect(outcome).toEqual({ code: 0, out: '2.05 Content, 1 byte\na\n', err: '' });
  });

  it('draws a token of 8 bytes unless one is given', async () => {
    const server = await serverOf((hex) => [`6844${hex.slice(4, 24)}`]);
    await bellwether(['coap', 'get', server.uri]);
    await bellwether(['coap', 'get', server.uri]);
    expect(server.received.map((hex) => hex.slice(0, 4))).toEqual(['4801', '4801']);
    expect(server.received[0]?.slice(8)).toMatch(/^[0-9a-f]{16}$/);
    expect(server.received[0]?.slice(8)).not.toBe(server.received[1]?.slice(8));
  });

  it('goes to IPv6 addresses, and names the host to a server that was given by name', async () => {
    const six = await serverOf({ '41010001 a1': ['61450001 a1'] }, '::1');
    expect(await coap('get', six.uri)).toMatchObject({ code: 0, out: '2.05 Content\n' });
    // Which address a name stands for is the system's choice.
    const { address } = await lookup('localhost');
    const named = await serverOf({ '41010001 a1 396c6f63616c686f7374': ['61450001 a1'] }, address);
    expect(await coap('get', `coap://LOCALHOST:${named.port}/`)).toMatchObject({ code: 0, out: '2.05 Content\n' });
  });

  it('acknowledges a separate response (RFC 7252 §5.2.2, Appendix A figure 19)', async () => {
    const server = await serverOf({
      '41017d38 53 bb74656d7065726174757265': ['60007d38', '4145ad7b 53 ff32322e332043'],
    });
    const outcome = await coap(
      ...['get', `${server.uri}/temperature`, '--message-id', String(0x7d38), '--token', '53'],
    );
    expect(outcome).toMatchObject({ code: 0, out: '2.05 Content, 6 bytes\n22.3 C\n' });
    expect(await server.got(2)).toEqual(['41017d3853bb74656d7065726174757265', '6000ad7b']);
  });
});

describe('the end of a request', () => {
  it.each([
    ['4.04', '84', '4.04 Not Found'],
    ['5.03', 'a3', '5.03 Service Unavailable'],
  ])('is exit code 3 when the server answers %s', async (_, code, words) => {
    const server = await serverOf({ '41010001 a1': [`61${code}0001 a1 ff6e6f`] });
    expect(await coap('get', server.uri)).toEqual({
      code: 3,
      out: `${words}, 2 bytes\nno\n`,
      err: `bellwether: ${server.at} answered ${words}\n`,
    });
  });

  it('is exit code 3 when it is rejected with a Reset', async () => {
    const server = await serverOf({ '41010001 a1': ['70000001'] });
    expect(await coap('get', server.uri)).toEqual({
      code: 3,
      out: '',
      err: `bellwether: ${server.at} rejected the request with a Reset\n`,
    });
  });

  it('is exit code 4 when nothing comes within the timeout', async () => {
    const server = await serverOf({});
    expect(await coap('get', server.uri, '--timeout', '0.05', '--json')).toEqual({
      code: 4,
      out: expect.stringMatching(
        /^\{"event":"failed","seconds":[0-9.]+,"code":"device_timeout","detail":"no answer from .* within 0\.05 s"\}\n$/,
      ),
      err: `bellwether: no answer from ${server.at} within 0.05 s\n`,
    });
  });

  it('tells of what came when that was no answer', async () => {
    const server = await serverOf({ '41010001 a1': ['60000001'] });
    expect(await coap('get', server.uri, '--timeout', '0.5')).toMatchObject({
      code: 4,
      err: `bellwether: no answer from ${server.at} within 0.5 s; the last datagram was ACK 0.00 Empty, MID 1\n`,
    });
  });

  it('is exit code 1 when the response breaks the standard, and shows it', async () => {
    // Critical option 2049, which nobody knows.
    const server = await serverOf({ '41010001 a1': ['61450001 a1 e106f401'] });
    expect(await coap('get', server.uri)).toEqual({
      code: 1,
      out: '',
      err:
        `bellwether: the response cannot be taken: it has an option or a block that the standard forbids here ` +
        `(${server.at}); the last datagram was ACK 2.05 Content, MID 1, token a1, option 2049 0x01\n`,
    });
  });

  it('is exit code 3 when an error response breaks the standard, as it repeats an option nobody knows', async () => {
    const server = await serverOf({ '41010001 a1 e106f401': ['61820001 a1 e106f401'] });
    expect(await coap('get', server.uri, '--option', '2049=0x01')).toMatchObject({
      code: 3,
      err: expect.stringContaining('the last datagram was ACK 4.02 Bad Option, MID 1, token a1, option 2049 0x01\n'),
    });
  });

  it('writes the payload of a success to a file, and only of a success', async () => {
    const server = await serverOf({ '41010001 a1': ['61450001 a1 ff00ff'], '41010001 a1 b133': ['61840001 a1 ff00'] });
    const file = join(folder(), 'payload');
    expect(await coap('get', server.uri, '--output', file)).toMatchObject({
      code: 0,
      out: `2.05 Content, 2 bytes\nwritten to ${file}\n`,
    });
    expect(readFileSync(file).toString('hex')).toBe('00ff');
    expect(await coap('get', `${server.uri}/3`, '--output', file)).toMatchObject({ code: 3 });
    expect(readFileSync(file).toString('hex')).toBe('00ff');
  });
});

describe('what the CoAP tool shows', () => {
  it('is JSON laid out, and options by name', async () => {
    const json = Buffer.from('[{"n":"/3/0/9","v":95}]').toString('hex');
    const server = await serverOf({ '41010001 a1': [`61450001 a1 42abcd 816e ff${json}`] });
    expect((await coap('get', server.uri)).out).toBe(
      '2.05 Content, ETag 0xabcd, Content-Format 110 (senml-json), 23 bytes\n' +
        '[\n  {\n    "n": "/3/0/9",\n    "v": 95\n  }\n]\n',
    );
  });

  it('is every datagram with its bytes when that is asked for', async () => {
    const server = await serverOf({ '41010001 a1 b133': ['60000001', '4145ad7b a1 ff00'] });
    const { out } = await coap('get', `${server.uri}/3`, '--hex');
    expect(timeless(out)).toEqual([
      '> CON 0.01 GET, MID 1, token a1, Uri-Path "3"',
      '          41010001a1b133',
      '< ACK 0.00 Empty, MID 1',
      '          60000001',
      '< CON 2.05 Content, MID 44411, token a1, payload 1 byte',
      '          4145ad7ba1ff00',
      '> ACK 0.00 Empty, MID 44411',
      '          6000ad7b',
      '2.05 Content, 1 byte',
      '00',
    ]);
  });

  it('is told of what comes from elsewhere that it is not from the server, and it is no answer', async () => {
    const other = await serverOf({});
    const server: UdpServer = await serverOf(() => {
      other.sendFor(server, '61450001 a1');
      return [];
    });
    const { code, out, err } = await coap('get', server.uri, '--hex', '--timeout', '0.5');
    expect([code, err]).toEqual([4, `bellwether: no answer from ${server.at} within 0.5 s\n`]);
    expect(timeless(out)[2]).toBe(`< [${other.at}, not the server] ACK 2.05 Content, MID 1, token a1`);
    const json = lines((await coap('get', server.uri, '--hex', '--json', '--timeout', '0.5')).out);
    expect(json[1]).toMatchObject({ event: 'datagram', direction: 'in', stranger: other.at, hex: '61450001a1' });
  });

  it('is one JSON object a line for programs', async () => {
    const server = await serverOf({ '41010001 a1': ['61450001 a1 c0 ff61'] });
    const response = {
      event: 'response',
      code: '2.05 Content',
      options: [{ number: 12, name: 'Content-Format', value: 0, format: 'text' }],
      payload: { length: 1, hex: '61', text: 'a' },
    };
    expect(lines((await coap('get', server.uri, '--json')).out)).toEqual([response]);
    expect(lines((await coap('get', server.uri, '--json', '--hex')).out)).toEqual([
      {
        event: 'datagram',
        direction: 'out',
        hex: '41010001a1',
        message: { type: 'CON', code: '0.01 GET', messageId: 1, token: 'a1', options: [], payloadLength: 0 },
      },
      {
        event: 'datagram',
        direction: 'in',
        hex: '61450001a1c0ff61',
        message: {
          type: 'ACK',
          code: '2.05 Content',
          messageId: 1,
          token: 'a1',
          options: [{ number: 12, name: 'Content-Format', value: 0, format: 'text' }],
          payloadLength: 1,
        },
      },
      response,
    ]);
  });
});

describe('a body in blocks', () => {
  it('leaves in blocks of the size asked for, message ids one up each (RFC 7959 §2.5)', async () => {
    const server = await serverOf({
      // Uri-Path 5, Block2 0/last/16, Block1 num/more/16, Size1 40.
      '41030001 a1 b135 c0 4108 d11428 ff 30303030303030303030303030303030': ['615f0001 a1 d10e08'],
      '41030002 a1 b135 c0 4118 ff 31313131313131313131313131313131': ['615f0002 a1 d10e18'],
      '41030003 a1 b135 c0 4120 ff 3232323232323232': ['61440003 a1 d10e20'],
    });
    const payload = '0'.repeat(16) + '1'.repeat(16) + '2'.repeat(8);
    const outcome = await coap('put', `${server.uri}/5`, '--payload', payload, '--block-size', '16');
    expect(outcome).toEqual({ code: 0, out: '2.04 Changed, Block1 2/last/16\n', err: '' });
    expect(server.received).toHaveLength(3);
  });

  it('is fetched in blocks of the size asked for, and shown whole (RFC 7959 §2.4)', async () => {
    const server = await serverOf({
      '41010001 a1 d10a01': [`61450001 a1 d10a09 ff${'61'.repeat(32)}`],
      '41010002 a1 d10a11': [`61450002 a1 d10a11 ff${'62'.repeat(3)}`],
    });
    const outcome = await coap('get', server.uri, '--block-size', '32');
    expect(outcome).toEqual({
      code: 0,
      out: `2.05 Content, Block2 0/more/32, 35 bytes\n${'a'.repeat(32)}bbb\n`,
      err: '',
    });
  });

  it('may have one block of it fetched by its number', async () => {
    const server = await serverOf({ '41010001 a1 d10a21': [`61450001 a1 d10a29 ff${'63'.repeat(32)}`] });
    const outcome = await coap('get', server.uri, '--option', '23=0x21');
    expect(outcome).toMatchObject({ code: 0, out: `2.05 Content, Block2 2/more/32, 32 bytes\n${'c'.repeat(32)}\n` });
    expect(server.received).toHaveLength(1);
  });

  it('is one block when Block1 is written by hand, whatever it says, and 2.31 is its response', async () => {
    const payload = '64'.repeat(2000);
    const server = await serverOf({ [`41030001 a1 d10e0e ff${payload}`]: ['615f0001 a1 d10e0e'] });
    const outcome = await coap('put', server.uri, '--option', '27=0x0e', '--payload-hex', payload);
    expect(outcome).toEqual({ code: 0, out: '2.31 Continue, Block1 0/more/1024\n', err: '' });
    expect(server.received).toHaveLength(1);
  });
});

describe('a request that is repeated', () => {
  it('leaves as the very same datagram, and shows each answer', async () => {
    const answers = ['61410001 a1 827264', '61410001 a1 827264', '61410001 a1 827278'];
    const server = await serverOf((_hex, index) => [answers[index] as string]);
    const { code, out } = await coap('post', `${server.uri}/rd`, '--repeat', '3');
    expect(server.received).toEqual(['41020001a1b27264', '41020001a1b27264', '41020001a1b27264']);
    expect(code).toBe(0);
    const same = '(the same bytes,';
    expect(timeless(out)).toEqual([
      '> CON 0.02 POST, MID 1, token a1, Uri-Path "rd"',
      `> CON 0.02 POST, MID 1, token a1, Uri-Path "rd" ${same} 2 times now)`,
      `> CON 0.02 POST, MID 1, token a1, Uri-Path "rd" ${same} 3 times now)`,
      '< ACK 2.01 Created, MID 1, token a1, Location-Path "rd"',
      '2.01 Created, Location-Path "rd"',
      `< ACK 2.01 Created, MID 1, token a1, Location-Path "rd" ${same} 2 times now)`,
      '< ACK 2.01 Created, MID 1, token a1, Location-Path "rx"',
    ]);
  });

  it('may leave again after the answer each time', async () => {
    const server = await serverOf((_hex, index) => (index === 2 ? ['60000001'] : ['61440001 a1']));
    const { code, out } = await coap('post', server.uri, '--repeat', '3', '--in-turn');
    expect(code).toBe(0);
    const same = '(the same bytes,';
    expect(timeless(out)).toEqual([
      '> CON 0.02 POST, MID 1, token a1',
      '< ACK 2.04 Changed, MID 1, token a1',
      '2.04 Changed',
      `> CON 0.02 POST, MID 1, token a1 ${same} 2 times now)`,
      `< ACK 2.04 Changed, MID 1, token a1 ${same} 2 times now)`,
      `> CON 0.02 POST, MID 1, token a1 ${same} 3 times now)`,
      '< ACK 0.00 Empty, MID 1',
    ]);
    expect(server.received).toEqual(['41020001a1', '41020001a1', '41020001a1']);
  });

  it.each([[[]], [['--in-turn']]])(
    'non-confirmable, shows that a copy is ignored, as it should be (RFC 7252 §4.5) %j',
    async (flags) => {
      const server = await serverOf((_hex, index) => (index === 0 ? ['51440009 a1'] : undefined));
      const { code, out } = await coap('post', server.uri, '--non', '--repeat', '2', '--timeout', '0.5', ...flags);
      expect(code).toBe(0);
      expect(timeless(out).filter((line) => line.startsWith('<'))).toEqual(['< NON 2.04 Changed, MID 9, token a1']);
      expect(server.received).toEqual(['51020001a1', '51020001a1']);
    },
  );

  it('shows each Reset too', async () => {
    const server = await serverOf(() => ['70000001']);
    const { code, out } = await coap('get', server.uri, '--repeat', '2', '--json');
    expect(code).toBe(3);
    expect(lines(out).map(({ event, direction, copy, hex }) => [event, direction, copy, hex])).toEqual([
      ['datagram', 'out', undefined, '41010001a1'],
      ['datagram', 'out', 2, '41010001a1'],
      ['datagram', 'in', undefined, '70000001'],
      ['failed', undefined, undefined, undefined],
      ['datagram', 'in', 2, '70000001'],
    ]);
  });

  it('waits for answers that do not come no longer than the timeout', async () => {
    const server = await serverOf((_hex, index) => (index === 0 ? ['61440001 a1'] : undefined));
    const { code, out } = await coap('post', server.uri, '--repeat', '2', '--timeout', '0.5');
    expect([code, timeless(out).filter((line) => line.startsWith('<'))]).toEqual([
      0,
      ['< ACK 2.04 Changed, MID 1, token a1'],
    ]);
    expect(server.received).toHaveLength(2);
  });
});

describe('acknowledgements that are withheld', () => {
  it('never leave, and what the server sends again is shown until the timeout', async () => {
    const server = await serverOf({ '41010001 a1': ['60000001', '41450009 a1', '41450009 a1', '41450009 a1'] });
    const { code, out } = await coap('get', server.uri, '--withhold-ack', '--timeout', '0.5');
    expect(code).toBe(0);
    expect(timeless(out)).toEqual([
      '> CON 0.01 GET, MID 1, token a1',
      '< ACK 0.00 Empty, MID 1',
      '< CON 2.05 Content, MID 9, token a1',
      '2.05 Content',
      '< CON 2.05 Content, MID 9, token a1 (the same bytes, 2 times now)',
      '< CON 2.05 Content, MID 9, token a1 (the same bytes, 3 times now)',
    ]);
    expect(server.received).toEqual(['41010001a1']);
  });

  it('let the command end at once when nothing asked for one', async () => {
    const server = await serverOf({ '41010001 a1': ['61450001 a1'] });
    expect(await coap('get', server.uri, '--withhold-ack', '--timeout', '1000')).toMatchObject({ code: 0 });
  });
});

describe('raw bytes', () => {
  const raw = (uri: string, ...args: string[]) => bellwether(['coap', 'raw', uri, ...args]);

  it('leave as they are in one datagram, and what comes back is shown', async () => {
    const server = await serverOf({ '40017d34 ff': ['70007d34', 'c0ffee'] });
    const { code, out, err } = await raw(server.uri, '40 01 7D 34 FF', '--count', '2');
    expect([code, err]).toEqual([0, '']);
    expect(timeless(out)).toEqual([
      '> CON, MID 32052, no CoAP message: a payload marker with nothing behind it (RFC 7252 §3); 5 bytes',
      '          40017d34ff',
      '< RST 0.00 Empty, MID 32052',
      '          70007d34',
      '< no CoAP message: the version is not 1 (RFC 7252 §3); 3 bytes',
      '          c0ffee',
    ]);
    expect(server.received).toEqual(['40017d34ff']);
  });

  it('may be none, and are repeated when asked to; a CON that comes back is not acknowledged', async () => {
    const server = await serverOf((_hex, index) => (index === 1 ? ['40010001'] : undefined));
    const { code, out } = await raw(server.uri, '', '--repeat', '2', '--timeout', '0.5', '--json');
    expect(code).toBe(0);
    expect(lines(out).map(({ direction, hex, copy }) => [direction, hex, copy])).toEqual([
      ['out', '', undefined],
      ['out', '', 2],
      ['in', '40010001', undefined],
    ]);
    expect(server.received).toEqual(['', '']);
  });

  it('end with exit code 4 when nothing comes back', async () => {
    const server = await serverOf({});
    expect(await raw(server.uri, '00', '--timeout', '0.05')).toMatchObject({
      code: 4,
      err: 'bellwether: nothing came back within 0.05 s\n',
    });
  });

  it('that no datagram can hold are said not to have been sent', async () => {
    const server = await serverOf({});
    const { code, err } = await raw(server.uri, '00'.repeat(65_508));
    expect([code, err]).toEqual([1, `bellwether: send EMSGSIZE ${server.at}\n`]);
  });

  it.each([
    ['coap://127.0.0.1/3', '00', /without path and query/],
    ['coap://127.0.0.1', '0', /the datagram must be pairs of hex digits, not "0"/],
  ])('to %s of %s are refused', async (uri, hex, words) => {
    expect(await raw(uri, hex)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(words) });
  });
});

describe('what the CoAP tool refuses before it sends anything', () => {
  it.each([
    [
      ['--payload', 'a', '--payload-hex', '00'],
      /there is one payload: give one of --payload, --payload-hex and --payload-file/,
    ],
    [['--payload-hex', 'x'], /--payload-hex must be pairs of hex digits, not "x"/],
    [
      ['--content-format', 'tvl'],
      /--content-format: "tvl" is no content format; allowed are 0 to 65535 and the names text, link,/,
    ],
    [['--accept', '-1'], /--accept: "-1" is no content format/],
    [['--option', 'x=1'], /--option must be NUMBER=TEXT or NUMBER=0xHEX/],
    [['--token', '001122334455667788'], /--token has 9 bytes; a token has 0 to 8/],
    [['--message-id', '65536'], /--message-id must be 0 to 65535/],
    [['--block-size', '17'], /argument '17' is invalid. Allowed choices are 16, 32, 64, 128, 256, 512, 1024/],
    [['--timeout', '0'], /a number of seconds from 0.001 to 3600 is expected/],
    [['--repeat', '0'], /a whole number from 1 to 1000 is expected/],
    [['--in-turn'], /--in-turn says when copies leave: --repeat says how many, 2 or more/],
    [['--output', '/nowhere/payload'], /--output: \/nowhere\/payload cannot be written: ENOENT/],
  ])('%j', async (flags, words) => {
    const server = await serverOf({});
    const outcome = await coap('get', server.uri, ...flags);
    expect(outcome).toMatchObject({ code: 2, out: '', err: expect.stringMatching(words) });
    expect(server.received).toEqual([]);
  });

  it.each([
    ['coap://224.0.1.187/', /224\.0\.1\.187 is a multicast address; a request goes to one server/],
    ['coap://[ff02::fd]/', /ff02::fd is a multicast address/],
    ['coap://no-such-host.invalid/', /the name no-such-host\.invalid cannot be resolved/],
  ])('%s', async (uri, words) => {
    expect(await coap('get', uri)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(words) });
  });

  it('a payload file that is not there', async () => {
    const outcome = await coap('put', 'coap://127.0.0.1', '--payload-file', '/nowhere/payload');
    expect(outcome).toMatchObject({
      code: 1,
      err: expect.stringContaining("no such file or directory, open '/nowhere/payload'"),
    });
  });

  it.each(['get', 'put', 'post', 'delete', 'fetch', 'ipatch', 'observe', 'raw'])(
    'and says how %s is used, by an example',
    async (name) => {
      const { code, out } = await bellwether(['coap', name, '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`\nExample:\n  bellwether coap ${name} `);
    },
  );

  it('and says how all is used', async () => {
    const { code, out } = await bellwether(['coap', '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /observe \[options\] <uri> [^]*Examples:\n {2}bellwether coap get coap:[^]*Exit codes: 0 a 2\.xx response/,
    );
  });
});
