/** ETS 306, 307, 311: Send, which the device does by itself. */

import { Code, OptionNumber } from '#coap/codec';
import { FORMATS } from '#lwm2m/model';

import type { Case } from '../case.js';
import type { Trial } from '../trial.js';
import { inconclusive } from '../verdict.js';
import type { Seen } from '../wire.js';

/** The cases. */
export const SENDING_CASES: readonly Case[] = [
  {
    id: 306,
    release: '1.1',
    title: 'Send',
    run: async (t) => {
      t.needVersion('1.1');
      await sent(t);
    },
  },
  {
    id: 307,
    release: '1.1',
    title: 'Muting Send',
    run: async (t) => {
      t.needVersion('1.1');
      const mute = `${t.instance(1)}/23`;
      await t.need(mute);
      await t.restoring(mute);
      await sent(t);
      await t.write(mute, true);
      const from = t.mark;
      await t.wait(t.settings.patience, 'wait for no Send');
      const broken = t.requests(from, Code.POST, '/dp');
      t.require(broken.length === 0, 'muteHonoured', () => `${broken.length} came`);
      await t.write(mute, false);
      await sent(t);
    },
  },
  {
    id: 311,
    release: '1.1',
    title: 'Send of values that the server keeps',
    run: async (t) => {
      t.needVersion('1.1');
      const { message } = await sent(t);
      const answer = await t.until(t.settings.slack, () => t.answerOf(message));
      t.told('wait for the answer to it', answer === undefined ? 'none' : '2.04');
      if (answer?.message.code !== Code.CHANGED) throw inconclusive('the server did not take it');
    },
  },
];

/** Waits for a Send and judges its form. */
async function sent(t: Trial): Promise<Seen> {
  const from = t.mark;
  const found = await t.until(t.settings.patience, () => t.requests(from, Code.POST, '/dp')[0]);
  t.told('wait for a Send', found === undefined ? 'none came' : 'came');
  if (found === undefined)
    throw inconclusive(`the device sent nothing within ${t.settings.patience} s: have it send while the case runs`);
  const format = found.message.uint(OptionNumber.CONTENT_FORMAT);
  t.require(SENDABLE.has(format), 'sendForm', () => `its Content-Format is ${format ?? 'not there'}`);
  return found;
}

const SENDABLE: ReadonlySet<number | undefined> = new Set([
  FORMATS['senml-json'],
  FORMATS['senml-cbor'],
  FORMATS['lwm2m-cbor'],
]);
