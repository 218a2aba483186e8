/** What the steps of a script do to one device: each cue is carried out on the part of the device that it is about, and counted. */

import type { Instant } from '#base';
import type { Path, ResourceNode } from '#lwm2m/model';

import { isChosen } from './chosen.js';
import type { Member } from './chosen.js';
import { courseScalar, courseValue, planted } from './course.js';
import type { Fault, Faults, Occasion } from './faults.js';
import type { Firmware } from './firmware.js';
import type { Link } from './link.js';
import type { ObjectTree } from './objects.js';
import type { DeviceEvent } from './outputs.js';
import { Playback } from './playback.js';
import type { Cue } from './playback.js';
import type { Act, Script, Step, StepCount } from './script.js';
import { mix } from './seed.js';
import type { Sends } from './send.js';
import type { Sleep, SleepTerms } from './sleep.js';

/** The device as far as a script works on it. */
export interface StageParts {
  readonly name: string;
  readonly seed: number;
  /** The device among those that run the script together. */
  readonly member: Member;
  readonly faults: Faults;
  readonly firmware: Firmware;
  readonly sleep: Sleep;
  readonly sends: Sends;
  readonly link: Link;
  tree(): ObjectTree;
  /** Values at a path have changed. */
  changed(now: Instant, path: Path): void;
  /** Attributes by which observers at and below a path are told have changed. */
  attributesChanged(now: Instant, path: Path): void;
  reboot(now: Instant): void;
  update(now: Instant): void;
}

type ValueAct = Extract<Act, { do: 'value' }>;

/** A script on one device. */
export class Stage {
  readonly #parts: StageParts;
  readonly #script: Script;
  readonly #playback: Playback;
  /** Faults of steps, each an object of its own, so that their counts are apart. */
  readonly #faults = new Map<number, Fault>();
  /** What a resource held before a step gave it values, and how many it has had. */
  readonly #courses = new Map<number, { readonly before: ResourceNode | undefined; count: number }>();
  /** How the device sleeps when no step says it. */
  readonly #slept: SleepTerms;
  readonly #happened = new Map<number, number>();

  constructor(script: Script, parts: StageParts) {
    this.#parts = parts;
    this.#script = script;
    this.#slept = parts.sleep.terms;
    const own = [...script.steps.entries()].filter(([index, { devices }]) =>
      isChosen(devices, index, parts.name, parts.member),
    );
    for (const [index, step] of own) if (step.do === 'fault') this.#faults.set(index, { ...step.fault });
    this.#playback = new Playback(new Map(own), parts.seed);
  }

  /** The device starts: what is due at once is done. */
  start(now: Instant): void {
    this.#playback.start(now);
    this.handleTimeout(now);
  }

  /** The device leaves: nothing more is done. */
  stop(): void {
    this.#playback.stop();
  }

  noteEvent(now: Instant, type: DeviceEvent['type']): void {
    this.#playback.noteEvent(now, type);
  }

  /** A request of the server was answered. */
  noteRequest(now: Instant, occasion: Occasion): void {
    this.#playback.noteRequest(now, occasion);
  }

  /** Does what is due. */
  handleTimeout(now: Instant): void {
    for (let cue = this.#playback.next(now); cue !== undefined; cue = this.#playback.next(now))
      this.#carryOut(now, cue);
  }

  nextDeadline(): Instant | undefined {
    return this.#playback.nextDeadline();
  }

  /** The device has lost its values, by a reset or another version: those of the script are put in place again. */
  renew(now: Instant): void {
    for (const index of this.#playback.lasting) {
      const step = this.#script.steps[index];
      if (step?.do === 'value') this.#setValue(now, index, step);
    }
  }

  /** What came of each step, in the order of the script; undefined for those that are not for this device. */
  counts(): readonly (StepCount | undefined)[] {
    const { began } = this.#playback;
    return this.#script.steps.map((_step, index) => {
      const times = began.get(index);
      const fault = this.#faults.get(index);
      const happened = fault === undefined ? (this.#happened.get(index) ?? 0) : this.#parts.faults.total(fault);
      return times === undefined ? undefined : { began: times, happened };
    });
  }

  #carryOut(now: Instant, { kind, step: index }: Cue): void {
    const step = this.#script.steps[index] as Step;
    if (kind === 'begin') this.#begin(now, index, step);
    else if (kind === 'end') this.#end(now, index, step);
    else if (step.do === 'value') this.#nextValue(now, index, step);
  }

  #begin(now: Instant, index: number, step: Step): void {
    switch (step.do) {
      case 'fault':
        this.#parts.faults.begin(this.#faultOf(index));
        this.#noteAttributes(now, step.fault);
        return;
      case 'value':
        this.#courses.set(index, { before: this.#kept(step.path), count: -1 });
        this.#nextValue(now, index, step);
        return;
      case 'send':
        this.#parts.sends.order(now, this.#parts.tree(), step.paths, step.format ?? 'senml-cbor', () => {
          this.#count(index);
        });
        return;
      case 'firmware':
        this.#settle(now, step.do);
        return;
      case 'sleep':
      case 'offline':
        this.#settle(now, step.do);
        break;
      case 'reboot':
        this.#parts.reboot(now);
        break;
      case 'update':
        this.#parts.update(now);
        break;
    }
    this.#count(index);
  }

  #end(now: Instant, index: number, step: Step): void {
    if (step.do === 'fault') {
      this.#parts.faults.end(this.#faultOf(index));
      this.#noteAttributes(now, step.fault);
    } else if (step.do === 'value') this.#restore(now, index, step);
    else if (step.do === 'sleep' || step.do === 'offline' || step.do === 'firmware') this.#settle(now, step.do);
  }

  /** Of steps of one kind that last at the same time the later one in the script holds; without any it is as it was. */
  #settle(now: Instant, kind: 'sleep' | 'offline' | 'firmware'): void {
    const { firmware, sleep, link } = this.#parts;
    const index = this.#playback.lasting.filter((one) => this.#script.steps[one]?.do === kind).at(-1);
    const step = index === undefined ? undefined : this.#script.steps[index];
    if (kind === 'offline') link.turn(step === undefined ? 'up' : 'down');
    else if (kind === 'sleep') {
      const own = this.#slept;
      sleep.change(now, step?.do === 'sleep' ? { awake: step.awake ?? own.awake, every: step.every } : own);
    } else {
      const judged = (): void => {
        this.#count(index as number);
      };
      firmware.rule(step?.do === 'firmware' ? { ...step, judged } : undefined);
    }
  }

  #count(index: number): void {
    this.#happened.set(index, (this.#happened.get(index) ?? 0) + 1);
  }

  #faultOf(index: number): Fault {
    return this.#faults.get(index) as Fault;
  }

  /** Deadlines of observers follow from attributes. */
  #noteAttributes(now: Instant, fault: Fault): void {
    if (fault.type === 'attributes') this.#parts.attributesChanged(now, fault.under ?? []);
  }

  #nextValue(now: Instant, index: number, act: ValueAct): void {
    const course = this.#courses.get(index);
    if (course === undefined) return;
    course.count += 1;
    this.#setValue(now, index, act);
    this.#count(index);
  }

  /** Nothing is set where a server has deleted the instance meanwhile. */
  #setValue(now: Instant, index: number, act: ValueAct): void {
    const [object, instance, resource, id] = act.path as [number, number, number, number?];
    const tree = this.#parts.tree();
    const type = tree.kind.model.resource(object, resource)?.type;
    const count = this.#courses.get(index)?.count ?? 0;
    const value = type === undefined ? undefined : courseScalar(type, courseValue(act, count, this.#seedOf(index)));
    if (value === undefined || 'fault' in value || !tree.hasInstance(object, instance)) return;
    tree.write(object, instance, resource, planted(tree.resource(object, instance, resource), id, value));
    this.#parts.changed(now, act.path);
  }

  #kept([object, instance, resource]: Path): ResourceNode | undefined {
    return this.#parts.tree().written(object as number, instance as number, resource as number);
  }

  #restore(now: Instant, index: number, { path }: ValueAct): void {
    const [object, instance, resource] = path as [number, number, number];
    this.#parts.tree().rewrite(object, instance, resource, this.#courses.get(index)?.before);
    this.#courses.delete(index);
    this.#parts.changed(now, path);
  }

  #seedOf(index: number): number {
    return mix(this.#parts.seed, index + 1);
  }
}
