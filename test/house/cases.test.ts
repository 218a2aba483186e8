/** The table of OMA cases in the README is true: each test it names plays that case, and each case that devices are tried with is in it. */

import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { CASES } from '#conformance';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const ROWS = read('README.md')
  .split('\n')
  .flatMap((line) => {
    const [, id = '', , file = '', device = '', by = ''] = line.split('|').map((cell) => cell.trim());
    return /^\d{3,4}$/.test(id) ? [{ id: Number(id), file, device, by }] : [];
  });

it('has a row for each case of conformance run, and says yes at just those', () => {
  expect(ROWS.filter(({ device }) => device === 'yes').map(({ id }) => id)).toEqual(CASES.map(({ id }) => id));
});

it('has rows in order, none twice', () => {
  const ids = ROWS.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((left, right) => left - right));
});

it.each(ROWS.filter(({ file }) => file !== ''))('$id is played in $file', ({ id, file }) => {
  const titles = read(`test/flows/${file}.test.ts`)
    .split('\n')
    .filter((line) => line.includes('-int-') || /^ {4}\[\d+, '/.test(line));
  expect(titles.some((line) => new RegExp(`\\b${id}\\b`).test(line))).toBe(true);
});

it('names for what only a device of others plays just the cases of its test over DTLS', () => {
  const played = read('test/interop/leshan-secure.test.ts').matchAll(/'LightweightM2M-\d\.\d-int-(\d+) /g);
  const ids = new Set(Array.from(played, ([, id]) => Number(id)));
  const others = ROWS.filter(({ file, device }) => file === '' && device === '');
  expect(others.map(({ id, by }) => [id, by])).toEqual([...ids].map((id) => [id, 'Leshan 2.x']));
});
