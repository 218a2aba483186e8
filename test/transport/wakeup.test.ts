/** The timer of a stack: what is due already is not waited for, and nothing runs when nothing is due. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { afterEach, describe, expect, it } from '@jest/globals';

import { Instant } from '#base';
import { Wakeup } from '../../src/transport/wakeup.js';

const NOW = Instant(1000);
const LATER = Instant(1_000_000);

const opened: Wakeup[] = [];

/** A wakeup that writes `wake` into `said`, and then does `next`. */
function wakeup(said: string[], next: (itself: Wakeup) => void = () => undefined): Wakeup {
  const itself: Wakeup = new Wakeup(() => {
    said.push('wake');
    next(itself);
  });
  opened.push(itself);
  return itself;
}

/** Lets the loop go round, and writes `round` each time. */
async function rounds(said: string[], count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    await new Promise((resolve) => setImmediate(resolve));
    said.push('round');
  }
}

afterEach(() => {
  for (const one of opened.splice(0)) one.stop();
});

describe('a wakeup', () => {
  it('for what is due already comes in this round of the loop, and then no more', async () => {
    const said: string[] = [];
    wakeup(said).by(NOW, NOW);
    expect(said).toEqual([]);
    await rounds(said, 5);
    expect(said).toEqual(['wake', ...Array<string>(5).fill('round')]);
  });

  it('that finds the next thing due comes once in each round, so that all else has its turn', async () => {
    const said: string[] = [];
    let left = 3;
    wakeup(said, (itself) => {
      left -= 1;
      if (left > 0) itself.by(NOW, NOW);
    }).by(NOW, NOW);
    await rounds(said, 5);
    expect(said).toEqual(['wake', 'round', 'wake', 'round', 'wake', 'round', 'round', 'round']);
  });

  it('for what is always due again keeps no datagram from being received', async () => {
    const said: string[] = [];
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    wakeup(said, (itself) => {
      itself.by(NOW, NOW);
    }).by(NOW, NOW);
    await rounds(said, 2);
    const before = said.length;
    socket.send(Uint8Array.of(1), socket.address().port, '127.0.0.1');
    await once(socket, 'message');
    socket.close();
    await rounds(said, 2);
    expect(said.slice(before)).toContain('wake');
  });

  it('for what is to come is brought forward by what is due', async () => {
    const said: string[] = [];
    const one = wakeup(said);
    one.by(LATER, NOW);
    await rounds(said, 2);
    one.by(NOW, NOW);
    one.by(LATER, NOW);
    one.by(undefined, NOW);
    await rounds(said, 2);
    expect(said).toEqual(['round', 'round', 'wake', 'round', 'round']);
  });

  it('comes once though two things are due', async () => {
    const said: string[] = [];
    const one = wakeup(said);
    one.by(NOW, NOW);
    one.by(Instant(NOW - 1), NOW);
    await rounds(said, 3);
    expect(said).toEqual(['wake', 'round', 'round', 'round']);
  });

  it('that was stopped comes neither for what was asked before nor for what is asked later', async () => {
    const said: string[] = [];
    const one = wakeup(said);
    one.by(NOW, NOW);
    one.stop();
    one.by(NOW, NOW);
    await rounds(said, 3);
    expect(said).toEqual(['round', 'round', 'round']);
  });
});
