/** The seeded random source of the fuzz tests, and the mutations that turn good bytes into nearly good ones. */

/** A generator that gives the same numbers for the same seed and stream. Not for secrets. */
export class FuzzRandom {
  #state: number;

  constructor(seed: number, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  }

  /** A uniform unsigned integer of 32 bits (splitmix32). */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** A uniform integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** `count` random bytes. */
  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.uint32();
    return bytes;
  }

  /** A copy of `bytes` with one to `most` small changes: bits, edge values, cuts, insertions, repetitions, splices. */
  mutate(bytes: Uint8Array, most = 4): Buffer {
    let result: Buffer = Buffer.from(bytes);
    for (let left = 1 + this.below(most); left > 0; left -= 1) result = this.pick(MUTATIONS)(result, this);
    return result;
  }
}

type Mutation = (bytes: Buffer, random: FuzzRandom) => Buffer;

/** Values at which lengths, nibbles, extensions and signs change. */
const EDGES = [
  0x00, 0x01, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xd0, 0xdd, 0xe0, 0xf0, 0xfe,
  0xff,
];

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    if (bytes.length > 0) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    }
    return bytes;
  },
  function setEdge(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.pick(EDGES);
    return bytes;
  },
  function setRandom(bytes, random) {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.uint32();
    return bytes;
  },
  function cutEnd(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function remove(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]);
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1);
    const added = random.chance(0.5) ? random.bytes(1 + random.below(8)) : Buffer.alloc(1, random.pick(EDGES));
    return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
  },
  function repeat(bytes, random) {
    const start = random.below(bytes.length + 1);
    const part = bytes.subarray(start, start + 1 + random.below(16));
    const times = random.chance(0.1) ? 80 : 1 + random.below(3);
    return Buffer.concat([
      bytes.subarray(0, start),
      ...Array.from({ length: times }, () => part),
      bytes.subarray(start),
    ]);
  },
  function splice(bytes, random) {
    const from = random.below(bytes.length + 1);
    const to = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
];
