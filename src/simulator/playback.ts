/**
 * When the steps of a script begin, go on and end on one device. Pure: moments and occasions in, cues out, in the order of their
 * times; what a cue means is in stage.ts.
 */

import { after, seconds } from '#base';
import type { Instant } from '#base';

import { befalls } from './faults.js';
import type { Occasion } from './faults.js';
import type { DeviceEvent } from './outputs.js';
import { lasts } from './script.js';
import type { Step, Trigger } from './script.js';
import { fractionOf, mix } from './seed.js';

/** A step begins, has its next value, or ends. */
export interface Cue {
  readonly kind: 'begin' | 'tick' | 'end';
  readonly step: number;
}

/** Where one step is. */
interface Track {
  readonly index: number;
  readonly step: Step;
  /** When it began, or was to begin, without jitter; the next beginning is counted from here. */
  plannedAt: Instant;
  beginAt: Instant | undefined;
  tickAt: Instant | undefined;
  endAt: Instant | undefined;
  /** Beginnings that are still to come of one series. */
  left: number;
  state: 'on' | 'off';
  began: number;
  noticed: number;
  draws: number;
}

/** The steps of one device in time. */
export class Playback {
  readonly #seed: number;
  readonly #tracks: readonly Track[];

  /** `steps`: those the device takes part in, by their number in the script. */
  constructor(steps: ReadonlyMap<number, Step>, seed: number) {
    this.#seed = seed;
    this.#tracks = [...steps].map(([index, step]) => ({
      ...{ index, step, plannedAt: 0 as Instant, beginAt: undefined, tickAt: undefined, endAt: undefined },
      ...{ left: 0, state: 'off', began: 0, noticed: 0, draws: 0 },
    }));
  }

  /** The device was started: steps without an occasion are planned. */
  start(now: Instant): void {
    for (const track of this.#tracks) if (track.step.on === undefined) this.#plan(track, now);
  }

  /** Nothing begins or ends any more. */
  stop(): void {
    for (const track of this.#tracks) {
      track.beginAt = undefined;
      track.tickAt = undefined;
      track.endAt = undefined;
    }
  }

  /** Something happened to the device. */
  noteEvent(now: Instant, type: DeviceEvent['type']): void {
    this.#notice(now, (trigger) => trigger.event === type);
  }

  /** A request of the server was answered. */
  noteRequest(now: Instant, occasion: Occasion): void {
    this.#notice(now, (trigger) => trigger.event === undefined && befalls(trigger, occasion));
  }

  /** The next cue that is due; at one moment an end goes before a value, and that before a beginning. */
  next(now: Instant): Cue | undefined {
    for (;;) {
      const [track, kind] = this.#earliest() ?? [];
      if (track === undefined || kind === undefined || (momentOf(track, kind) ?? Infinity) > now) return undefined;
      if (kind === 'end' || (kind === 'begin' && track.state === 'on' && lasts(track.step))) return this.#end(track);
      if (kind === 'tick') return this.#tick(track);
      const begins = track.step.chance === undefined || this.#draw(track) < track.step.chance;
      const at = track.beginAt ?? now;
      this.#planNext(track);
      if (begins) return this.#begin(track, at);
    }
  }

  nextDeadline(): Instant | undefined {
    const [track, kind] = this.#earliest() ?? [];
    return track === undefined || kind === undefined ? undefined : momentOf(track, kind);
  }

  /** How often each step began, by its number in the script. */
  get began(): ReadonlyMap<number, number> {
    return new Map(this.#tracks.map(({ index, began }) => [index, began]));
  }

  /** Steps that have begun and not ended. */
  get lasting(): readonly number[] {
    return this.#tracks.filter(({ state }) => state === 'on').map(({ index }) => index);
  }

  #notice(now: Instant, isMeant: (trigger: Trigger) => boolean): void {
    for (const track of this.#tracks) {
      const { on } = track.step;
      if (on === undefined || !isMeant(on) || track.noticed >= (on.times ?? Infinity)) continue;
      if (on.chance !== undefined && this.#draw(track) >= on.chance) continue;
      track.noticed += 1;
      this.#plan(track, now);
    }
  }

  /** A series of beginnings is counted from now on. */
  #plan(track: Track, now: Instant): void {
    const { at = 0, repeat } = track.step;
    track.left = repeat === undefined ? 1 : (repeat.times ?? Infinity);
    track.plannedAt = after(now, seconds(at));
    track.beginAt = this.#jittered(track);
  }

  #planNext(track: Track): void {
    const { repeat } = track.step;
    track.left -= 1;
    track.plannedAt = after(track.plannedAt, seconds(repeat?.every ?? 0));
    track.beginAt = track.left > 0 ? this.#jittered(track) : undefined;
  }

  #begin(track: Track, at: Instant): Cue {
    const { step } = track;
    track.began += 1;
    if (lasts(step)) {
      track.state = 'on';
      track.endAt = step.for === undefined ? undefined : after(at, seconds(step.for));
      track.tickAt = pace(step, at);
    }
    return { kind: 'begin', step: track.index };
  }

  #tick(track: Track): Cue {
    track.tickAt = track.tickAt === undefined ? undefined : pace(track.step, track.tickAt);
    return { kind: 'tick', step: track.index };
  }

  #end(track: Track): Cue {
    track.state = 'off';
    track.tickAt = undefined;
    track.endAt = undefined;
    return { kind: 'end', step: track.index };
  }

  #jittered(track: Track): Instant {
    const { jitter } = track.step;
    return jitter === undefined ? track.plannedAt : after(track.plannedAt, seconds(jitter * this.#draw(track)));
  }

  #draw(track: Track): number {
    track.draws += 1;
    return fractionOf(mix(this.#seed, track.index), track.draws);
  }

  #earliest(): readonly [Track, Cue['kind']] | undefined {
    let first: readonly [Track, Cue['kind']] | undefined;
    let earliest = Infinity;
    for (const kind of ['end', 'tick', 'begin'] as const) {
      for (const track of this.#tracks) {
        const moment = momentOf(track, kind);
        if (moment === undefined || moment >= earliest) continue;
        earliest = moment;
        first = [track, kind];
      }
    }
    return first;
  }
}

function momentOf({ endAt, tickAt, beginAt }: Track, kind: Cue['kind']): Instant | undefined {
  if (kind === 'end') return endAt;
  return kind === 'tick' ? tickAt : beginAt;
}

/** When the next value of a step follows the one of `at`. */
function pace(step: Step, at: Instant): Instant | undefined {
  return step.do === 'value' && 'every' in step ? after(at, seconds(step.every)) : undefined;
}
