/** What credentials cost in memory: 100,000 devices that were never seen, loaded with one pre-shared key each and without. */

import { expect, it } from '@jest/globals';
import type { Fleet } from '#fleet';
import { DeviceId } from '#fleet/model';
import type { DeviceRecord } from '#fleet/model';
import type { LoadBatch } from '#fleet/ports';
import { neverSeen } from '../../../src/fleet/devices/registration.js';
import { SealingKey } from '../../support/sealing-key.js';
import { memoryAtRest } from '../../support/memory.js';
import { Disk, MemoryStore } from '../../support/memory-store.js';
import { World } from '../world.js';

const DEVICES = 100_000;
const BATCH = 2000;

/** A store that holds nothing and loads devices that are made on the way, as they come from disk: parsed. */
class Loading extends MemoryStore {
  readonly #record: (number: number) => DeviceRecord;

  constructor(record: (number: number) => DeviceRecord) {
    super(new Disk());
    this.#record = record;
  }

  override async *load(): AsyncGenerator<LoadBatch, void> {
    for (let start = 0; start < DEVICES; start += BATCH) {
      await Promise.resolve();
      const records = Array.from({ length: BATCH }, (_, index) => this.#record(start + index));
      const parsed = JSON.parse(JSON.stringify(records)) as DeviceRecord[];
      yield { kind: 'devices', items: parsed.map((record) => ({ version: 1, record })) };
    }
  }
}

/** Bytes that a fleet holds for each device. */
async function bytesEach(
  record: (number: number) => DeviceRecord,
): Promise<{ readonly fleet: Fleet; readonly each: number }> {
  const world = await World.start();
  const before = await memoryAtRest();
  const fleet = await world.startOn(new Loading(record));
  return { fleet, each: ((await memoryAtRest()) - before) / DEVICES };
}

it('a credential with a pre-shared key takes at most 320 bytes beside its device', async () => {
  const secrets = new SealingKey();
  const bare = (number: number): DeviceRecord =>
    neverSeen(DeviceId(number.toString(16).padStart(32, '0')), `urn:dev:os:${number}`, 0 as DeviceRecord['firstSeen']);
  const createdAt = 1_900_000_000_000 as DeviceRecord['firstSeen'];
  const keyed = (number: number): DeviceRecord => {
    const record = bare(number);
    const identity = `psk-${number}`;
    const sealed = Buffer.from(
      secrets.seal({ owner: record.id, kind: `psk ${identity}`, version: 1 }, Buffer.alloc(16)),
    );
    const credential = { id: 'factory', kind: 'psk', identity, sealed: sealed.toString('base64'), createdAt } as const;
    return { ...record, secured: true, credentials: [credential] };
  };
  const without = await bytesEach(bare);
  const withKey = await bytesEach(keyed);
  expect(withKey.fleet.gauges()['credentials']).toBe(DEVICES);
  expect(without.fleet.gauges()['credentials']).toBe(0);
  const each = withKey.each - without.each;
  process.stdout.write(`${each.toFixed(0)} bytes a credential at ${DEVICES}, ${without.each.toFixed(0)} a device\n`);
  expect(each).toBeGreaterThan(0);
  expect(each).toBeLessThan(320);
}, 60_000);
