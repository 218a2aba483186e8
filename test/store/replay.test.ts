/** A start after a crash at any step of folding: what the journal still holds is folded again, and nothing stands there twice. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import {
  device,
  deviceId,
  event,
  finished,
  putDevice,
  putOperation,
  putValues,
  value,
  at,
} from '../contract/records.js';
import { crashImage, foundIn, lookInto, openAt } from '../support/crash-image.js';

const GROUPS = 300;
/** Images kept from the beginning of folding and from its end. */
const IMAGES = 16;
/** Folds only when it must, and then in the smallest steps. */
const IN_STEPS = { foldAge: 1_000_000, stepRows: 1 };

it('finds every record and every event once, whatever was folded and whatever was not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-replay-'));
  const store = await openAt(folder, IN_STEPS);
  const images: { readonly image: string; readonly acknowledged: number }[] = [];
  try {
    let number = 0;
    const change = async () => {
      const of = (number += 1);
      await putDevice(store, device(of), 0, [event(of)]);
      acknowledged = of;
    };
    let acknowledged = 0;
    while (number < GROUPS) await change();
    await putOperation(store, finished(1, 1), 0);
    await putValues(store, 1, 3, 0, { 9: value(5, at(1)) });
    let folded = '';
    const folding = foundIn(store).then(() => (folded = 'yes'));
    for (let turns = 0; folded === ''; turns += 1) {
      images.push({ acknowledged, image: crashImage(folder) });
      // Of the middle, where much is alike, none is kept.
      for (const { image } of images.splice(IMAGES, images.length - 2 * IMAGES)) rmSync(image, { recursive: true });
      if (turns % 4 === 3) await change();
      else await turn();
    }
    await folding;
    images.push({ acknowledged, image: crashImage(folder) });
    // How many moments of folding are seen depends on the machine.
    expect(images.length).toBeGreaterThan(4);

    for (const { image, acknowledged: known } of images) {
      const found = await lookInto(image);
      expect(found.devices.length).toBeGreaterThanOrEqual(known);
      const numbers = Array.from(found.devices, (_, index) => index + 1);
      expect(found.devices.map(({ record }) => record.id).sort()).toEqual(numbers.map(deviceId));
      expect(found.events.map(({ data }) => data['of'])).toEqual(numbers);
      expect(found.values.map(({ resources }) => resources[9]?.value)).toEqual([5]);
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
