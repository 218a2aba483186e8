/** A vault over its life: first start, later starts, rotation, what is missing, and what it counts. */

import { describe, expect, it } from '@jest/globals';

import { InvariantError, Secret } from '#base';
import type { Secrets } from '#fleet/ports';
import type { Vault } from '#vault';
import { MasterKeyVariable, makeMasterKey, type VaultLimits } from '#vault';
import { Cut, MemoryDisk } from '../support/memory-disk.js';
import { KEYS, MASTER, PSK, codeOf, recorder, startOn } from './support.js';

const text = (sealed: Uint8Array): string => Buffer.from(sealed).toString();
const secret = Buffer.from('a pre-shared key');
const SMALL: VaultLimits = { sealsPerKey: 6, sealsPerWrite: 3, dataKeys: 4 };

describe('a vault', () => {
  it('makes its keys on the first start and finds them on the next', () => {
    const disk = new MemoryDisk();
    const first = startOn(disk);
    expect(disk.files).toEqual([MASTER, KEYS]);
    const sealed = first.seal(PSK, secret);
    const second = startOn(disk);
    expect(text(second.open(PSK, sealed))).toBe('a pre-shared key');
    expect(second.status().masterKey).toBe(first.status().masterKey);
  });

  it('is what the fleet needs to seal secrets', () => {
    const port: Secrets = startOn(new MemoryDisk());
    expect(text(port.open(PSK, port.seal(PSK, secret)))).toBe('a pre-shared key');
  });

  it('takes a master key that is there before the first start', () => {
    const disk = new MemoryDisk();
    const { master, line } = makeMasterKey();
    disk.put(MASTER, Buffer.from(line.bytes).toString());
    expect(startOn(disk).status().masterKey).toBe(master.id);
  });

  it('without the right master key names the one that is missing, and changes nothing', () => {
    const disk = new MemoryDisk();
    const { masterKey: id } = startOn(disk).status();
    const [master, keys] = [MASTER, KEYS].map((file) => text(disk.read(file) ?? Buffer.alloc(0)));
    const alone = new MemoryDisk(new Map([[KEYS, Buffer.from(keys ?? '')]]));
    expect(() => startOn(alone)).toThrow(
      `the master key ${id}, which the data keys are wrapped by, is missing: ${MASTER} is not there`,
    );
    const other = makeMasterKey();
    alone.put(MASTER, Buffer.from(other.line.bytes).toString());
    expect(() => startOn(alone)).toThrow(`is missing: ${MASTER} holds ${other.master.id}`);
    alone.put(`${MASTER}.old`, master ?? '');
    expect(() => startOn(alone)).toThrow(`, and ${MASTER}.old holds the one needed: put it in its place`);
    expect([alone.steps, text(alone.read(KEYS) ?? Buffer.alloc(0))]).toEqual([0, keys]);
    const variable = new MasterKeyVariable(Secret.ofText(master ?? ''));
    expect(startOn(alone, { master: variable }).status()).toMatchObject({ masterKey: id, source: 'variable' });
  });

  it('refuses a master key file that is damaged, also where it would else make one', () => {
    const disk = new MemoryDisk();
    disk.put(MASTER, 'nonsense');
    expect(codeOf(() => startOn(disk))).toBe('bad_master_key');
    expect(disk.files).toEqual([MASTER]);
  });

  it('opens nothing of another vault, and counts what it could not open', () => {
    const [one, other] = [startOn(new MemoryDisk()), startOn(new MemoryDisk())];
    const sealed = one.seal(PSK, secret);
    expect(codeOf(() => other.open(PSK, sealed))).toBe('secret_unreadable');
    expect(codeOf(() => one.open({ ...PSK, owner: 'ff' }, sealed))).toBe('secret_unreadable');
    one.open(PSK, sealed);
    expect(one.counters).toEqual({ seals: 1, opens: 2, unreadable: 1, rotations: 0 });
    expect(other.counters).toMatchObject({ opens: 1, unreadable: 1 });
  });
});

describe('the count of what a data key sealed', () => {
  it('is durable before anything is sealed, and a restart counts what was reserved', () => {
    const disk = new MemoryDisk();
    const sealedAtMost = (vault: Vault): number[] => vault.status().dataKeys.map((key) => key.sealedAtMost);
    const vault = startOn(disk, { limits: SMALL });
    expect(sealedAtMost(vault)).toEqual([0]);
    vault.seal(PSK, secret);
    expect(sealedAtMost(startOn(disk, { limits: SMALL }))).toEqual([3]);
    vault.seal(PSK, secret);
    vault.seal(PSK, secret);
    expect(sealedAtMost(vault)).toEqual([3]);
    vault.seal(PSK, secret);
    expect(sealedAtMost(startOn(disk, { limits: SMALL }))).toEqual([6]);
  });

  it('brings another data key when it is full; what the one before sealed still opens', () => {
    const disk = new MemoryDisk();
    const vault = startOn(disk, { limits: SMALL });
    const sealed = Array.from({ length: 13 }, () => vault.seal(PSK, secret));
    const ids = sealed.map((one) => Buffer.from(one.subarray(1, 9)).toString('hex'));
    const { dataKey, dataKeys } = vault.status();
    expect(dataKeys.map(({ sealedAtMost }) => sealedAtMost)).toEqual([6, 6, 3]);
    expect(ids).toEqual(dataKeys.flatMap(({ id }) => Array.from({ length: 6 }, () => id)).slice(0, 13));
    expect(dataKeys.at(-1)?.id).toBe(dataKey);
    const again = startOn(disk, { limits: SMALL });
    for (const one of sealed) expect(text(again.open(PSK, one))).toBe('a pre-shared key');
  });

  it('that cannot be written lets nothing be sealed, until it can', () => {
    const disk = new MemoryDisk();
    const vault = startOn(disk, { limits: SMALL });
    disk.fault = { at: disk.steps, how: 'before' };
    expect(codeOf(() => vault.seal(PSK, secret))).toBe('store_unavailable');
    expect(codeOf(() => vault.seal(PSK, secret))).toBe('store_unavailable');
    expect(vault.counters.seals).toBe(0);
    disk.fault = undefined;
    expect(text(vault.open(PSK, vault.seal(PSK, secret)))).toBe('a pre-shared key');
  });

  it('ends where too many data keys are kept, and says so', () => {
    const vault = startOn(new MemoryDisk(), { limits: SMALL });
    for (let count = 0; count < 24; count += 1) vault.seal(PSK, secret);
    expect(codeOf(() => vault.seal(PSK, secret))).toBe('too_many_data_keys');
    expect(codeOf(() => vault.rotate())).toBe('too_many_data_keys');
  });
});

describe('rotation', () => {
  it('changes the master key and the data key; old secrets open, and the old master key is kept until it is pruned', () => {
    const disk = new MemoryDisk();
    const vault = startOn(disk);
    const before = vault.status();
    const old = text(disk.read(MASTER) ?? Buffer.alloc(0));
    const sealed = vault.seal(PSK, secret);
    const after = vault.rotate();
    expect(after).toEqual(vault.status());
    expect(after.oldMasterKey).toBe(before.masterKey);
    expect(after.masterKey).not.toBe(before.masterKey);
    expect(after.dataKeys.map(({ id }) => id)).toEqual([before.dataKey, after.dataKey]);
    expect(disk.files).toEqual([MASTER, `${MASTER}.old`, KEYS]);
    const again = startOn(disk);
    expect(again.status()).toEqual(after);
    for (const each of [vault, again]) {
      expect(text(each.open(PSK, sealed))).toBe('a pre-shared key');
      expect(Buffer.from(each.seal(PSK, secret).subarray(1, 9)).toString('hex')).toBe(after.dataKey);
    }
    expect(again.prune().oldMasterKey).toBeUndefined();
    expect(disk.files).toEqual([MASTER, KEYS]);
    disk.put(MASTER, old);
    expect(codeOf(() => startOn(disk))).toBe('master_key_missing');
  });

  it('keeps no data key that has sealed nothing', () => {
    const vault = startOn(new MemoryDisk());
    for (let count = 0; count < 20; count += 1) expect(vault.rotate().dataKeys).toHaveLength(1);
  });

  it('by a variable is refused with what to do', () => {
    const { line } = makeMasterKey();
    const vault = startOn(new MemoryDisk(), { master: new MasterKeyVariable(line) });
    const before = vault.status();
    expect(() => vault.rotate()).toThrow(
      'the master key comes from BELLWETHER_MASTER_KEY, which the server cannot change: stop it, start it with the same key in a file (--master-key-file), rotate, and give what the file holds then as BELLWETHER_MASTER_KEY',
    );
    expect(vault.prune()).toEqual(before);
  });

  it('puts away what an earlier one left half made, damaged or not', () => {
    for (const left of ['nonsense', Buffer.from(makeMasterKey().line.bytes).toString()]) {
      const disk = new MemoryDisk();
      startOn(disk);
      disk.put(`${MASTER}.next`, left);
      startOn(disk);
      expect(disk.files).toEqual([MASTER, KEYS]);
      const vault = startOn(disk);
      disk.put(`${MASTER}.next`, left);
      expect(codeOf(() => vault.rotate())).toBe('nothing');
      expect(disk.files).toEqual([MASTER, `${MASTER}.old`, KEYS]);
      startOn(disk);
    }
  });

  it('that cannot be ended at a start does not keep the server from starting, and is told in the log', () => {
    const disk = new MemoryDisk();
    startOn(disk).rotate();
    // As a loss of power leaves it when the data keys are wrapped by the next key, and that is not in its place yet.
    const [next, current] = [disk.read(MASTER), disk.read(`${MASTER}.old`)].map((bytes) =>
      text(bytes ?? Buffer.alloc(0)),
    );
    disk.put(`${MASTER}.next`, next ?? '');
    disk.put(MASTER, current ?? '');
    const { lines, logger } = recorder();
    disk.fault = { at: disk.steps, how: 'before' };
    const vault = startOn(disk, { logger });
    expect(lines).toEqual([
      expect.stringMatching(/^a rotation of the master key could not be ended .*the wrapped keys cannot be written/),
    ]);
    expect(next).toContain(vault.status().masterKey);
    disk.fault = undefined;
    startOn(disk, { logger });
    expect([lines.length, text(disk.read(MASTER) ?? Buffer.alloc(0))]).toEqual([1, next]);
  });
});

/** What was sealed before and, if it came to that, after; all of it must open after any end. */
interface Trial {
  readonly disk: MemoryDisk;
  readonly sealed: readonly Uint8Array[];
}

/** A rotation that fails in one step; with `lasting`, so does everything after it. The vault goes on sealing when it can. */
function cutOff(at: number, how: 'before' | 'torn' | 'after', lasting: boolean): Trial & { readonly reached: boolean } {
  const disk = new MemoryDisk();
  const vault = startOn(disk, { limits: SMALL });
  const sealed = [vault.seal(PSK, secret)];
  const first = disk.steps;
  disk.lasting = lasting;
  disk.fault = { at: first + at, how };
  const failed = codeOf(() => vault.rotate()) !== 'nothing';
  if (!lasting) for (let count = 0; count < 4; count += 1) sealed.push(vault.seal(PSK, secret));
  return { disk, sealed, reached: failed };
}

function expectToStart(disk: MemoryDisk, sealed: readonly Uint8Array[]): void {
  const vault = startOn(disk, { limits: SMALL });
  for (const one of sealed) expect(text(vault.open(PSK, one))).toBe('a pre-shared key');
  expect(text(vault.open(PSK, vault.seal(PSK, secret)))).toBe('a pre-shared key');
  const { masterKey } = vault.rotate();
  const again = startOn(disk, { limits: SMALL });
  expect(again.status().masterKey).toBe(masterKey);
  for (const one of sealed) expect(text(again.open(PSK, one))).toBe('a pre-shared key');
  again.prune();
  expect(disk.files.filter((file) => /\.(next|old)$/.test(file))).toEqual([]);
}

const STEPS = 11;
/** More steps than a rotation has that must clean up first. */
const LONGEST = 24;

describe.each(['before', 'torn', 'after'] as const)('a rotation whose disk fails %s a step', (how) => {
  it('and with it the machine, starts again from every state that may be found, and opens everything', () => {
    let reached = 0;
    for (let at = 0; at < STEPS; at += 1) {
      const trial = cutOff(at, how, true);
      if (!trial.reached) continue;
      reached += 1;
      for (const found of [trial.disk.afterKill(), ...trial.disk.afterPowerLoss()]) expectToStart(found, trial.sealed);
    }
    expect(reached).toBe(STEPS);
  });

  it('once, goes on sealing what opens after a kill or a loss of power', () => {
    for (let at = 0; at < STEPS; at += 1) {
      const { disk, sealed, reached } = cutOff(at, how, false);
      expect(reached).toBe(true);
      disk.fault = undefined;
      for (const found of [disk.afterKill(), ...disk.afterPowerLoss()]) expectToStart(found, sealed);
    }
  });
});

describe('a rotation after one that failed', () => {
  it('starts again from every state that may be found, wherever it is cut off in its turn', () => {
    let cut = 0;
    for (const how of ['before', 'after'] as const) {
      for (let at = 0; at < STEPS; at += 1) {
        for (let again = 0; again < LONGEST; again += 1) {
          const disk = new MemoryDisk();
          const vault = startOn(disk, { limits: SMALL });
          const sealed = [vault.seal(PSK, secret)];
          disk.fault = { at: disk.steps + at, how };
          disk.lasting = false;
          expect(codeOf(() => vault.rotate())).not.toBe('nothing');
          disk.fault = { at: disk.steps + again, how: 'before' };
          disk.lasting = true;
          if (codeOf(() => vault.rotate()) === 'nothing') break;
          cut += 1;
          for (const found of [disk.afterKill(), ...disk.afterPowerLoss()]) expectToStart(found, sealed);
        }
      }
    }
    expect(cut).toBeGreaterThan(2 * STEPS * STEPS);
  });
});

describe('a first start whose disk fails', () => {
  it('in any step starts from every state that may be found', () => {
    for (const how of ['before', 'torn', 'after'] as const) {
      for (let at = 0; at < 6; at += 1) {
        const disk = new MemoryDisk();
        disk.fault = { at, how };
        expect(codeOf(() => startOn(disk))).toMatch(/store_unavailable|master_key_not_written/);
        for (const found of [disk.afterKill(), ...disk.afterPowerLoss()]) expectToStart(found, []);
      }
    }
    const disk = new MemoryDisk();
    startOn(disk);
    expect(disk.steps).toBe(6);
  });
});

it('a step that fails does so by a Cut of the test, never by a fault of the vault', () => {
  const disk = new MemoryDisk();
  disk.fault = { at: 0, how: 'before' };
  let cause: unknown;
  try {
    startOn(disk);
  } catch (error) {
    cause = (error as Error).cause;
  }
  expect(cause).toBeInstanceOf(Cut);
  expect(cause).not.toBeInstanceOf(InvariantError);
});
