/** A secret prints as stars by every way a value becomes text, and is wiped when it is disposed of. */

import { format, inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { InvariantError, Secret } from '#base';
import { formsIn } from '../support/canary.js';

const CONTENT = 'correct horse battery staple';
const made = (): Secret => Secret.ofText(CONTENT);

describe('a secret', () => {
  it.each<[string, (secret: Secret) => string]>([
    ['a template', (secret) => `key ${secret as unknown as string}`],
    ['String()', (secret) => String(secret)],
    ['concatenation', (secret) => `key ${secret.toString()}` + (secret as unknown as string)],
    ['JSON', (secret) => JSON.stringify({ key: secret, all: [secret] })],
    ['inspect', (secret) => inspect(secret)],
    ['inspect of what holds it', (secret) => inspect({ key: secret, deep: { all: [secret] } }, { depth: 9 })],
    [
      'inspect with all there is',
      (secret) => inspect(secret, { showHidden: true, customInspect: false, getters: false }),
    ],
    ['format', (secret) => format('%s %o %O %j', secret, secret, secret, secret)],
    ['its members', (secret) => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret)])],
    ['a spread', (secret) => inspect({ ...secret })],
    ['a structured clone', (secret) => inspect(structuredClone(secret))],
  ])('shows nothing of itself in %s', (_way, show) => {
    const text = show(made());
    expect(text).not.toContain(CONTENT);
    expect(formsIn(text, Buffer.from(CONTENT))).toEqual([]);
  });

  it('shows stars where it stands', () => {
    expect(`${made().toString()} ${JSON.stringify({ key: made() })} ${inspect(made())}`).toBe(
      '******** {"key":"********"} Secret ********',
    );
  });

  it('gives its bytes to who asks for them', () => {
    expect(Buffer.from(made().bytes).toString()).toBe(CONTENT);
  });

  it('is wiped where it lies when it is disposed of, and not to be had after that', () => {
    const bytes = Buffer.from(CONTENT);
    const secret = new Secret(bytes);
    secret.dispose();
    secret.dispose();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(() => secret.bytes).toThrow(InvariantError);
    expect(String(secret)).toBe('********');
  });
});
