/** aiocoap's client (Python) against our server role. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { KeepingServer } from './support/coap-ends.js';
import { need } from './support/leshan.js';
import { eventually, Program, run } from './support/processes.js';
import { Cells, Relay } from './support/relay.js';

const CACHE = new URL('../../.cache/aiocoap', import.meta.url).pathname;
const cells = new Cells('aiocoap');
const folder = mkdtempSync(join(tmpdir(), 'bellwether-aiocoap-'));
const ours = new KeepingServer();
let relay: Relay;
let version = '?';

beforeAll(async () => {
  need('python3', 'python3');
  if (!existsSync(join(CACHE, 'bin', 'aiocoap-client'))) {
    try {
      run('python3', ['-m', 'venv', CACHE]);
    } catch {
      run(
        'sh',
        [
          '-c',
          'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -qq python3-venv',
        ],
        { milliseconds: 600_000 },
      );
      run('python3', ['-m', 'venv', CACHE]);
    }
    run(join(CACHE, 'bin', 'pip'), ['install', '-q', 'aiocoap==0.4.17']);
  }
  version = run(join(CACHE, 'bin', 'python'), ['-c', 'import aiocoap.meta; print(aiocoap.meta.version)']).trim();
  relay = await Relay.to(await ours.open());
}, 600_000);

afterAll(async () => {
  relay?.close();
  await ours.close();
  rmSync(folder, { recursive: true, force: true });
  cells.print(version);
}, 30_000);

async function client(...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = new Program('aiocoap-client', join(CACHE, 'bin', 'aiocoap-client'), ['-q', ...args]);
  program.child.stdin.end();
  const code = await program.ended(40_000);
  return { code, output: [...program.lines, ...program.errors].join('\n') };
}

describe("aiocoap's client against our server", () => {
  it('gets by CON and by NON', async () => {
    ours.bodies.set('hello', Buffer.from('a body\n'));
    expect(await client(`coap://127.0.0.1:${relay.port}/hello`)).toMatchObject({
      code: 0,
      output: expect.stringContaining('a body'),
    });
    cells.passed('client GET CON', relay.last('up'));
    expect(await client('--non', `coap://127.0.0.1:${relay.port}/hello`)).toMatchObject({
      code: 0,
      output: expect.stringContaining('a body'),
    });
    cells.passed('client GET NON', relay.last('up'));
  }, 60_000);

  it.each([2, 6])(
    'puts and gets 5,000 bytes in blocks of size exponent %i',
    async (exponent) => {
      const content = Buffer.from(Array.from({ length: 5000 }, (_unused, index) => 33 + (index % 90)));
      const file = join(folder, 'body');
      writeFileSync(file, content);
      const put = await client(
        '-m',
        'PUT',
        '--payload',
        `@${file}`,
        '--content-format',
        '0',
        '--payload-initial-szx',
        String(exponent),
        `coap://127.0.0.1:${relay.port}/big${exponent}`,
      );
      expect(put.code).toBe(0);
      expect(Buffer.from(ours.bodies.get(`big${exponent}`) ?? []).equals(content)).toBe(true);
      cells.passed(`client PUT Block1 ${1 << (exponent + 4)}`, relay.last('up'));
      const got = await client(`coap://127.0.0.1:${relay.port}/big${exponent}`);
      expect(got.output.includes(content.toString())).toBe(true);
      cells.passed(`client GET Block2, put with ${1 << (exponent + 4)}`, relay.last('up'));
    },
    90_000,
  );

  it('observes', async () => {
    ours.bodies.set('watched', Buffer.from('first'));
    const script = join(folder, 'observe.py');
    writeFileSync(script, OBSERVE);
    const program = new Program('aiocoap', join(CACHE, 'bin', 'python'), [
      script,
      `coap://127.0.0.1:${relay.port}/watched`,
    ]);
    await program.line(/^first$/);
    await eventually('the observation', () => (ours.observers === 1 ? true : undefined));
    ours.set('watched', Buffer.from('second'));
    await program.line(/^second$/);
    await eventually('the cancellation', () => {
      ours.set('watched', Buffer.from('third'));
      return ours.observers === 0 ? true : undefined;
    });
    expect(await program.ended()).toBe(0);
    cells.passed('client Observe and cancel', relay.last('up'));
  }, 60_000);

  it('ends with 1 for 4.04', async () => {
    expect((await client(`coap://127.0.0.1:${relay.port}/nothing`)).code).toBe(1);
    cells.passed('client 4.04', relay.last('down'));
  }, 60_000);
});

const OBSERVE = `
import asyncio, sys
from aiocoap import Context, Message, GET

async def main():
    context = await Context.create_client_context()
    request = context.request(Message(code=GET, uri=sys.argv[1], observe=0))
    print((await request.response).payload.decode(), flush=True)
    async for notification in request.observation:
        print(notification.payload.decode(), flush=True)
        if notification.payload == b"second":
            break
    request.observation.cancel()
    await asyncio.sleep(2)
    await context.shutdown()

asyncio.run(main())
`;
