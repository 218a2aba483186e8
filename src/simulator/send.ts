/**
 * The Send of one device (LwM2M-Core 1.1.1 §6.4.6): at an interval it reports what its sensors measured, several times in one
 * pack where the format carries times; what is ordered goes as a pack of its own. Mute Send (/1/x/23) stops both, also when it is
 * not there. What got no answer goes with the next pack, and what was ordered goes again.
 */

import { after, encodeUtf8, seconds } from '#base';
import type { Instant } from '#base';
import { Code, OptionNumber, bytesOption, uintOption } from '#coap/codec';
import type { Option } from '#coap/codec';
import { encodeComposite } from '#lwm2m/formats';
import { FORMATS } from '#lwm2m/model';
import type { Path, PlacedNode } from '#lwm2m/model';

import { editBytes, editNodes } from './edits.js';
import type { Faults, Occasion } from './faults.js';
import { withOption } from './faulty.js';
import type { Hardware } from './hardware.js';
import { scalarAt } from './objects.js';
import type { ObjectTree } from './objects.js';
import type { Reach } from './reports.js';

/** Content formats that a Send may have. */
export const SEND_FORMATS = ['senml-json', 'senml-cbor', 'lwm2m-cbor'] as const;
/** Name of a content format of a Send. */
export type SendFormat = (typeof SEND_FORMATS)[number];

/** How a device sends. */
export interface SendTerms {
  /** Seconds from one Send to the next, 1 or more. */
  readonly every: number;
  /** LwM2M CBOR has no times, and is there from 1.2 on: a device of 1.1 takes SenML CBOR in its place. */
  readonly format: SendFormat;
}

/** A Send on its way. */
export interface SendRequest {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** Values of one moment. */
interface Sample {
  readonly time: number;
  readonly nodes: readonly PlacedNode[];
}

/** A pack that was ordered. */
interface Ordered {
  readonly at: Instant;
  readonly format: SendFormat;
  readonly samples: readonly Sample[];
  /** It has left. */
  sent(): void;
}

/** Samples of one device and when they are taken and sent. */
export class Sends {
  readonly #terms: SendTerms | undefined;
  readonly #hardware: Hardware;
  readonly #faults: Faults;
  #samples: readonly Sample[] = [];
  /** What is on its way, to be sent again when nobody answers. */
  #inFlight: Ordered | readonly Sample[] | undefined;
  #ordered: readonly Ordered[] = [];
  #sampleAt: Instant | undefined;
  #sendAt: Instant | undefined;

  /** `terms`: what is sent at an interval; undefined: nothing. */
  constructor(terms: SendTerms | undefined, hardware: Hardware, faults: Faults) {
    this.#terms = terms;
    this.#hardware = hardware;
    this.#faults = faults;
  }

  /** The device is registered: the first Send is due one interval from now. */
  begin(now: Instant): void {
    if (this.#terms === undefined) return;
    this.#sendAt = after(now, seconds(this.#terms.every));
    this.#sampleAt = after(now, seconds(this.#terms.every / SAMPLES));
  }

  /** The registration is over: what was measured, and what was ordered, is forgotten. */
  end(): void {
    this.#samples = [];
    this.#ordered = [];
    this.#inFlight = undefined;
    this.#sampleAt = undefined;
    this.#sendAt = undefined;
  }

  /** Takes the sample that is due. Nothing is measured while the server wants no Send. */
  sample(now: Instant, tree: ObjectTree): void {
    if (this.#terms === undefined || this.#sampleAt === undefined || now < this.#sampleAt) return;
    this.#sampleAt = after(now, seconds(this.#terms.every / SAMPLES));
    if (this.#isMuted(tree)) this.#samples = [];
    else this.#keep([{ time: this.#hardware.unixTime, nodes: measuredNodes(tree) }]);
  }

  /** One pack of what stands at paths now, to leave as soon as none is on its way; nothing while the server wants none. */
  order(now: Instant, tree: ObjectTree, paths: readonly Path[], format: SendFormat, sent: () => void): void {
    const nodes = nodesAt(tree, paths);
    if (tree.kind.lwm2m === '1.0' || this.#isMuted(tree) || nodes.length === 0) return;
    const samples = [{ time: this.#hardware.unixTime, nodes }];
    this.#ordered = [...this.#ordered, { at: now, format, samples, sent }].slice(-MOST_ORDERED);
  }

  /** The Send that is due; undefined when there is none, or one is on its way. */
  next(now: Instant, tree: ObjectTree): SendRequest | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const [ordered, ...later] = this.#ordered;
    if (ordered !== undefined) {
      this.#ordered = later;
      const request = this.#request(tree, ordered.format, ordered.samples);
      if (request === undefined) return undefined;
      this.#inFlight = ordered;
      ordered.sent();
      return request;
    }
    if (this.#terms === undefined || this.#sendAt === undefined || now < this.#sendAt) return undefined;
    this.#sendAt = after(now, seconds(this.#terms.every));
    if (tree.kind.lwm2m === '1.0' || this.#isMuted(tree)) return undefined;
    const samples = this.#samples.filter(({ nodes }) => nodes.length > 0);
    if (samples.length === 0) return undefined;
    this.#samples = [];
    const request = this.#request(tree, this.#terms.format, samples);
    if (request !== undefined) this.#inFlight = samples;
    return request;
  }

  /** The Send on its way was answered, with whatever code: its values are not sent again. */
  answered(): void {
    this.#inFlight = undefined;
  }

  /** The Send on its way got no answer: its values go with the next one, or again when they were ordered. */
  failed(): void {
    const unheard = this.#inFlight ?? [];
    this.#inFlight = undefined;
    if ('samples' in unheard) {
      this.#ordered = [{ ...unheard, sent: () => undefined }, ...this.#ordered].slice(0, MOST_ORDERED);
      return;
    }
    const later = this.#samples;
    this.#samples = unheard;
    this.#keep(later);
  }

  /** When something is due: while away samples are taken, but nothing is sent. */
  nextDeadline(reach: Reach): Instant | undefined {
    const sends = reach === 'there' && this.#inFlight === undefined;
    const [ordered] = this.#ordered;
    if (sends && ordered !== undefined) return ordered.at;
    if (this.#sampleAt === undefined || this.#sendAt === undefined) return undefined;
    return sends && this.#sendAt < this.#sampleAt ? this.#sendAt : this.#sampleAt;
  }

  /** The request of a pack; undefined when faults swallow it. */
  #request(tree: ObjectTree, wanted: SendFormat, samples: readonly Sample[]): SendRequest | undefined {
    const format = formatFor(wanted, tree);
    const right = packOf(format, samples);
    const occasion: Occasion = {
      ...{ operation: 'send', form: 'composite', paths: right.map(({ path }) => path) },
      ...{ accept: undefined, contentFormat: FORMATS[format] },
    };
    if (this.#faults.take('silence', occasion).length > 0) return undefined;
    const edits = this.#faults.take('payload', occasion).map(({ edit }) => edit);
    const nodes = editNodes(right, edits);
    if (nodes.length === 0) return undefined;
    if (isMuted(tree)) this.#faults.note('unmuted');
    const options = [bytesOption(OptionNumber.URI_PATH, DP), uintOption(OptionNumber.CONTENT_FORMAT, FORMATS[format])];
    return {
      code: Code.POST,
      options: this.#faults
        .take('answerOption', occasion)
        .reduce<readonly Option[]>((set, { option, value }) => withOption(set, option, value), options),
      payload: editBytes(encodeComposite(FORMATS[format], nodes), edits),
    };
  }

  #isMuted(tree: ObjectTree): boolean {
    return !this.#faults.has('unmuted') && isMuted(tree);
  }

  /** Keeps samples, of one second the last: a pack has no value twice at one time. */
  #keep(samples: readonly Sample[]): void {
    const before = this.#samples.filter(({ time }) => time !== samples[0]?.time);
    this.#samples = [...before, ...samples].slice(-MOST_SAMPLES);
  }
}

function formatFor(format: SendFormat, { kind }: ObjectTree): SendFormat {
  return format === 'lwm2m-cbor' && kind.lwm2m < '1.2' ? 'senml-cbor' : format;
}

/** Samples in the form of the format: one without times has the newest alone. */
function packOf(format: SendFormat, samples: readonly Sample[]): readonly PlacedNode[] {
  if (format === 'lwm2m-cbor') return samples.at(-1)?.nodes ?? [];
  return samples.flatMap(({ time, nodes }) => nodes.map((placed) => ({ ...placed, time })));
}

/** Whether the server wants no Send: /1/0/23 is true, or not there (LwM2M-Core 1.1.1 Appendix E.2). */
function isMuted(tree: ObjectTree): boolean {
  return scalarAt(tree, 1, 0, MUTE_SEND)?.value !== false;
}

/** What the sensors measure, and the battery level. */
function measuredNodes(tree: ObjectTree): PlacedNode[] {
  const paths: Path[] = [[3, 0, 9]];
  for (const [object, { resources }] of tree.kind.objects) {
    if (!resources.has(SENSOR_VALUE)) continue;
    for (const instance of tree.instancesOf(object)) paths.push([object, instance, SENSOR_VALUE]);
  }
  return nodesAt(tree, paths);
}

/** What stands at paths; nothing for those at which nothing stands. */
function nodesAt(tree: ObjectTree, paths: readonly Path[]): PlacedNode[] {
  return paths.flatMap((path) => {
    const node = tree.node(path);
    return node === undefined ? [] : [{ path, node }];
  });
}

const DP = encodeUtf8('dp');
const MUTE_SEND = 23;
const SENSOR_VALUE = 5700;
/** Samples in the interval of a Send. */
const SAMPLES = 3;
/** Samples that are kept while nobody answers. */
const MOST_SAMPLES = 30;
/** Ordered packs that are kept while nobody answers; older ones go. */
const MOST_ORDERED = 10;
