/** `bellwether model …` and `device set`: what is set for a model and for a device, from the command line. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { PacketDevice } from '../../support/packet-device.js';
import { TestServer } from '../../support/test-server.js';
import { bellwether, type Outcome } from '../support/command-line.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(async () => {
  await server.stop();
});

const run = (...args: string[]): Promise<Outcome> =>
  bellwether(args, { BELLWETHER_URL: server.http, BELLWETHER_TOKEN: server.token });

describe('bellwether model', () => {
  it('sets, lists and unsets the awake window of a model', async () => {
    expect(await run('model', 'list')).toEqual({ code: 0, out: '', err: 'nothing is set for any model\n' });
    expect(await run('model', 'set', 'M 1/b', '--awake-window', '20')).toEqual({
      code: 0,
      out: 'devices of model M 1/b listen for 20 s after a message\n',
      err: '',
    });
    expect((await run('model', 'list')).out).toBe('MODEL  AWAKE WINDOW\nM 1/b  20\n');
    expect(JSON.parse((await run('model', 'list', '--json')).out)).toEqual([{ model: 'M 1/b', awakeWindow: 20 }]);
    expect(await run('model', 'unset', 'M 1/b')).toMatchObject({
      code: 0,
      out: 'nothing is set for the model M 1/b any more\n',
    });
    expect(await run('model', 'unset', 'M 1/b')).toMatchObject({
      code: 1,
      err: 'bellwether: nothing is set for the model "M 1/b" (model_not_found)\n',
    });
  });

  it.each([
    [['set', 'M1'], /required option '--awake-window <SECONDS>' not specified/],
    [['set', 'M1', '--awake-window', 'soon'], /--awake-window must be a number of seconds, not "soon"/],
    [['set', 'M1', '--awake-window', '0'], /\/awakeWindow must be >= 1 /],
    [['set', '', '--awake-window', '5'], /the name of a model is never empty/],
  ])('refuses %j as wrong usage', async (args, words) => {
    const { code, out, err } = await run('model', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
  });
});

describe('bellwether device set', () => {
  it('gives a device an awake window of its own, and takes it off', async () => {
    const device = await PacketDevice.registered(server.coap, 'd1', () => undefined, ['Q']);
    const { code, out } = await run('device', 'set', 'd1', '--awake-window', '7.5');
    expect(code).toBe(0);
    expect(out).toMatch(/^awakeWindow +7\.5$/m);
    expect((await server.device('d1'))['awakeWindow']).toBe(7.5);
    expect((await run('device', 'set', 'd1', '--awake-window', 'default', '--json')).code).toBe(0);
    expect((await server.device('d1'))['awakeWindow']).toBeUndefined();
    expect((await run('device', 'set', 'd1', '--awake-window', 'never')).code).toBe(2);
    device.close();
  });
});
