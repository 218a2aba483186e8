/** The CoAP tool against whole servers: ours, and node-coap's. */

import type { Socket } from 'node:dgram';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as nodeCoap from 'coap';

import { TestServer } from '../../support/test-server.js';
import { bellwether, type Outcome } from '../support/command-line.js';

/** JSON lines of a kind. */
function events(out: string, kind: string): Record<string, unknown>[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === kind);
}

const coap = (...args: string[]): Promise<Outcome> => bellwether(['coap', ...args]);

describe('the CoAP tool and our server', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start({ 'coap-processing-time': 100 });
  });

  afterAll(async () => {
    await server.stop();
  });

  it('finds what the server offers', async () => {
    expect(await coap('get', `${server.coap}/.well-known/core`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^2\.05 Content, Content-Format 40 \(link\), \d+ bytes\n<\/rd>;/),
    });
  });

  it('registers, updates and de-registers a device, and is refused what is wrong', async () => {
    const registered = await coap(
      ...['post', `${server.coap}/rd?ep=tool&lt=300&lwm2m=1.1&b=U`, '--content-format', 'link'],
      ...['--payload', '</1/0>,</3/0>', '--json'],
    );
    expect(registered.code).toBe(0);
    const [response] = events(registered.out, 'response');
    const path = (response?.['options'] as { value: string }[]).map(({ value }) => value).join('/');
    expect(response).toMatchObject({ code: '2.01 Created' });
    expect(await server.device('tool')).toMatchObject({ endpoint: 'tool', registration: { lifetime: 300 } });
    expect(await coap('post', `${server.coap}/${path}?lt=600`)).toMatchObject({ code: 0, out: '2.04 Changed\n' });
    expect(await server.device('tool')).toMatchObject({ registration: { lifetime: 600 } });
    expect(await coap('delete', `${server.coap}/${path}`)).toMatchObject({ code: 0, out: '2.02 Deleted\n' });
    expect(await coap('post', `${server.coap}/${path}`)).toMatchObject({ code: 3 });
    expect(await coap('post', `${server.coap}/rd?lt=60`)).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^4\.00 Bad Request/),
    });
    // RFC 7252 §5.4.1: a critical option that is not known.
    expect(await coap('post', `${server.coap}/rd?ep=tool`, '--option', '2049=0x01')).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^4\.02 Bad Option/),
    });
  });

  it('sees each copy of a registration answered alike, and one device registered once (RFC 7252 §4.5)', async () => {
    const { code, out } = await coap(
      ...['post', `${server.coap}/rd?ep=twice&lt=300&lwm2m=1.1&b=U`, '--content-format', 'link'],
      ...['--payload', '</1/0>,</3/0>', '--repeat', '3', '--in-turn', '--json'],
    );
    expect(code).toBe(0);
    const answers = events(out, 'datagram').filter(
      ({ direction, message }) => direction === 'in' && (message as { type: string }).type === 'ACK',
    );
    expect(answers.map(({ hex, copy }) => [hex, copy])).toEqual([
      [answers[0]?.['hex'], undefined],
      [answers[0]?.['hex'], 2],
      [answers[0]?.['hex'], 3],
    ]);
    const { body } = await server.rest('GET', '/devices/twice');
    expect(body).toMatchObject({ registration: { lifetime: 300 } });
  });

  it('sends a registration in blocks', async () => {
    const objects = ['</>;rt="oma.lwm2m"', ...Array.from({ length: 40 }, (_, index) => `</3303/${index}>`)].join(',');
    const { code, out } = await coap(
      ...['post', `${server.coap}/rd?ep=blocks&lt=300&lwm2m=1.1&b=U`, '--content-format', 'link'],
      ...['--payload', objects, '--block-size', '64', '--json', '--hex'],
    );
    expect(code).toBe(0);
    const sent = events(out, 'datagram').filter(({ direction }) => direction === 'out');
    expect(sent.length).toBeGreaterThanOrEqual(Math.ceil(objects.length / 64));
    expect(await server.device('blocks')).toMatchObject({
      registration: { objects: [{ id: 3303, instances: Array.from({ length: 40 }, (_, index) => index) }] },
    });
  });

  it('sends bytes that are no message, and sees them rejected or ignored (RFC 7252 §4.2, §3)', async () => {
    const rejected = await coap('raw', server.coap, '40017d34ff', '--count', '1');
    expect(rejected).toMatchObject({
      code: 0,
      out: expect.stringMatching(/< RST 0\.00 Empty, MID 32052\n +70007d34\n$/),
    });
    expect(await coap('raw', server.coap, '80017d34', '--timeout', '0.1')).toMatchObject({ code: 4 });
  });
});

describe("the CoAP tool and node-coap's server", () => {
  const theirs = nodeCoap.createServer();
  let uri: string;
  const payloads: Buffer[] = [];

  beforeAll(async () => {
    theirs.on(
      'request',
      (request: nodeCoap.IncomingMessage, response: nodeCoap.OutgoingMessage | nodeCoap.ObserveWriteStream) => {
        payloads.push(request.payload);
        if (request.headers['Observe'] === 0 && 'write' in response) {
          response.write('tick 0');
          response.write('tick 1');
          response.write('tick 2');
          return;
        }
        response.code = request.url === '/none' ? '4.04' : request.method === 'GET' ? '2.05' : '2.04';
        response.end(request.method === 'GET' ? LARGE : undefined);
      },
    );
    const port = await new Promise<number>((resolve) => {
      theirs.listen(0, '127.0.0.1', () => {
        resolve((theirs._sock as Socket).address().port);
      });
    });
    uri = `coap://127.0.0.1:${port}`;
  });

  afterAll(async () => {
    await new Promise<void>((resolve) => {
      theirs.close(() => {
        resolve();
      });
    });
  });

  it.each(['64', '1024'])('fetches a large body in blocks of %s bytes', async (size) => {
    const { code, out } = await coap('get', `${uri}/large`, '--block-size', size, '--json');
    expect(code).toBe(0);
    expect(events(out, 'response')[0]).toMatchObject({
      code: '2.05 Content',
      payload: { length: LARGE.length, hex: LARGE.toString('hex') },
    });
  });

  it('sends a large body in blocks', async () => {
    const hex = LARGE.toString('hex');
    expect(await coap('put', `${uri}/large`, '--payload-hex', hex, '--block-size', '256')).toMatchObject({ code: 0 });
    expect(payloads.at(-1)?.toString('hex')).toBe(hex);
  });

  it('is told what is not there, also non-confirmable', async () => {
    expect(await coap('delete', `${uri}/none`)).toMatchObject({ code: 3 });
    expect(await coap('delete', `${uri}/none`, '--non')).toMatchObject({ code: 3 });
  });

  it('observes', async () => {
    const { code, out } = await coap('observe', `${uri}/t`, '--count', '2', '--abandon', '--json');
    expect(code).toBe(0);
    const texts = [...events(out, 'response'), ...events(out, 'notification')].map(
      ({ payload }) => (payload as { text: string }).text,
    );
    expect(texts).toEqual(['tick 0', 'tick 1', 'tick 2']);
  });
});

const LARGE = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
