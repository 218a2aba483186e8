/**
 * Mutated object definitions: whatever comes out is a definition that keeps its promises or a DefinitionError, in bounded
 * time and memory. BELLWETHER_FUZZ_SECONDS (default 2) says for how long, BELLWETHER_FUZZ_SEED repeats a run.
 */

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { DefinitionError, MAX_ID, RESOURCE_TYPES, parseObjectDefinition } from '#lwm2m/model';
import type { ObjectDefinition } from '#lwm2m/model';
import { VECTORS, vectorNames } from '../support/object-vectors.js';

const SECONDS = Number(process.env['BELLWETHER_FUZZ_SECONDS'] ?? '2');
const SEED = Number(process.env['BELLWETHER_FUZZ_SEED'] ?? '3');
const corpus = vectorNames().map((name) => readFileSync(`${VECTORS}/${name}.xml`));

describe('parseObjectDefinition, fed with mutated definitions', () => {
  it(
    `gives definitions or DefinitionErrors only, each soon and none kept (${SECONDS} s, seed ${SEED})`,
    () => {
      const random = generator(SEED);
      const end = performance.now() + SECONDS * 1000;
      const counts = { read: 0, refused: 0 };
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      for (let round = 0; performance.now() < end; round += 1) {
        const input = mutated(random);
        const began = performance.now();
        counts[outcomeOf(input, round)] += 1;
        expect(performance.now() - began).toBeLessThan(1000);
      }
      collectGarbage();
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1_048_576);
      expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
    },
    SECONDS * 1000 + 30_000,
  );
});

/** Reads the input and checks what comes of it; a failure prints the input, so that it can become a vector. */
function outcomeOf(input: Buffer, round: number): 'read' | 'refused' {
  try {
    checkDefinition(parseObjectDefinition(input));
    return 'read';
  } catch (error) {
    if (error instanceof DefinitionError && isFit(error, input)) return 'refused';
    throw new Error(`seed ${SEED}, round ${round}: ${input.toString('base64')}`, { cause: error });
  }
}

function isFit(error: DefinitionError, input: Buffer): boolean {
  const lines = input.toString('latin1').split(/\r\n|\r|\n/).length;
  return error.line >= 1 && error.line <= lines && error.message.length < 500 && !error.message.includes('\n');
}

function checkDefinition(definition: ObjectDefinition): void {
  if (!isId(definition.id) || !/^\d+\.\d+$/.test(definition.version) || definition.name === '')
    throw new Error('object');
  let last = -1;
  for (const [id, resource] of definition.resources) {
    const known = resource.type === 'none' || RESOURCE_TYPES.includes(resource.type);
    if (!isId(id) || id !== resource.id || id <= last || !known || resource.name === '') throw new Error('resource');
    last = id;
  }
  if (last < 0) throw new Error('no resources');
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= MAX_ID;
}

/** One definition of the corpus with one to four changes. */
function mutated(random: (below: number) => number): Buffer {
  let bytes: Buffer = pick(corpus, random);
  for (let count = 1 + random(4); count > 0; count -= 1) bytes = pick(MUTATIONS, random)(bytes, random);
  return bytes.subarray(0, 65_536);
}

type Mutation = (bytes: Buffer, random: (below: number) => number) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[random(copy.length)] = random(256);
    return copy;
  },
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => replaced(bytes, random, Buffer.alloc(0)),
  (bytes, random) => inserted(bytes, random, Buffer.from(pick(TOKENS, random))),
  (bytes, random) => replaced(bytes, random, Buffer.from(pick(TOKENS, random))),
  (bytes, random) => inserted(bytes, random, slice(bytes, random)),
  (bytes, random) => inserted(bytes, random, slice(pick(corpus, random), random)),
  (bytes, random) => inserted(bytes, random, Buffer.from(pick(TOKENS, random).repeat(random(400)))),
  (bytes, random) => swappedElements(bytes, random),
];

function inserted(bytes: Buffer, random: (below: number) => number, part: Buffer): Buffer {
  const at = random(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

function replaced(bytes: Buffer, random: (below: number) => number, part: Buffer): Buffer {
  const at = random(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + random(40))]);
}

function slice(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length + 1);
  return bytes.subarray(at, at + random(400));
}

/** Two lines change places: mostly whole elements. */
function swappedElements(bytes: Buffer, random: (below: number) => number): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  const [one, other] = [random(lines.length), random(lines.length)];
  [lines[one], lines[other]] = [lines[other] ?? '', lines[one] ?? ''];
  return Buffer.from(lines.join('\n'), 'latin1');
}

function pick<T>(list: readonly T[], random: (below: number) => number): T {
  return list[random(list.length)] as T;
}

/** Whole numbers from 0 to below, the same ones for the same seed (xorshift32). */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const TOKENS = [
  '<',
  '>',
  '/>',
  '</',
  '"',
  "'",
  '=',
  '&',
  '&amp;',
  '&lt;',
  '&#0;',
  '&#x10FFFF;',
  '&x;',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE x [',
  '<!ENTITY a "b">',
  ']>',
  '<?xml version="1.0"?>',
  '<?x y?>',
  '<Item ID="1">',
  '</Item>',
  '<Resources>',
  '</Resources>',
  '<Object ObjectType="MODefinition">',
  '</Object>',
  '</LWM2M>',
  '<Name>x</Name>',
  '<Units/>',
  '<Type></Type>',
  ' xmlns="urn:x"',
  ' xmlns:xi="http://www.w3.org/2001/XInclude"',
  ' ID="65535"',
  '65534',
  '-1',
  '99999999999999999999',
  '\u0000',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\ud83d\ude00',
  '\u00ff',
  '__proto__',
  'constructor',
];
