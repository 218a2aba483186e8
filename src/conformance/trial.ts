/**
 * One case being tried: orders operations, looks at what went over the wire, remembers what it changed and undoes it. What a
 * case asks is a step of its report, with the datagrams that belong to it.
 */

import { AppError, DecodeError, bytesEqual } from '#base';
import { Code, OptionNumber, codeClass, showCode } from '#coap/codec';
import type { Message } from '#coap/codec';
import { ATTRIBUTE_NAMES, FORMATS, tryParsePath } from '#lwm2m/model';
import type { FormatName, ReadFormat } from '#lwm2m/model';
import { decodeObserved } from '#lwm2m/protocol';

import { codeOf, queryText, reasonOf, show, successOf, targetOf, wordsOf } from './orders.js';
import type { Datagram, DeviceUnderTest, Ended, Order, Rig } from './rig.js';
import { RULES } from './rules.js';
import type { RuleName } from './rules.js';
import type { Answer, Link, Notification, Observation, Step, TrialSettings, WriteOptions } from './trial-types.js';
import { flatten, flattenAll, flattenNodes, isUnder, sameValue } from './values.js';
import type { FlatValues } from './values.js';
import { failed, inconclusive, notApplicable } from './verdict.js';
import { answerTo, messagesIn, notificationsOf, queriesOf, requestsOf, wholePayload } from './wire.js';
import type { CaseEnd } from './verdict.js';
import type { Seen } from './wire.js';

/** A case under way. */
export class Trial {
  readonly device: DeviceUnderTest;
  readonly settings: TrialSettings;
  readonly steps: Step[] = [];
  /** What could not be undone. */
  readonly leftovers: string[] = [];
  readonly #rig: Rig;
  readonly #name: string;
  readonly #undo: (() => Promise<void>)[] = [];
  /** Datagrams up to here belong to a step. */
  #told: number;
  #observations = 0;

  constructor(rig: Rig, device: DeviceUnderTest, settings: TrialSettings, name: string) {
    this.#rig = rig;
    this.device = device;
    this.settings = settings;
    this.#name = name;
    this.#told = rig.datagrams.length;
  }

  /** Instances of an object, as registered. */
  instances(object: number): readonly number[] {
    return this.device.objects.find(({ id }) => id === object)?.instances ?? [];
  }

  /** The instance of an object that this server is to use, the first; ends the case when there is none. */
  instance(object: number): string {
    const [first] = this.instances(object);
    if (first === undefined) throw notApplicable(`the device has no instance of object ${object}`);
    return `/${object}/${first}`;
  }

  /** Ends the case unless the device speaks `version` or a later one. */
  needVersion(version: '1.1' | '1.2'): void {
    if (this.device.dialect.lwm2m < version)
      throw notApplicable(`the device registered with LwM2M ${this.device.dialect.lwm2m}, this is of ${version}`);
  }

  /** The paths below an object instance that are there, readable or not; ends the case when one of `wanted` is missing. */
  async need(...wanted: readonly string[]): Promise<void> {
    for (const path of wanted) {
      const [, object = '', instance = ''] = path.split('/');
      if (!this.instances(Number(object)).includes(Number(instance)))
        throw notApplicable(`the device has no /${object}/${instance}`);
      if (!(await this.has(path))) throw notApplicable(`the device has no ${path}`);
    }
  }

  /** Whether a resource is there, by a Discover of its instance. */
  async has(path: string): Promise<boolean> {
    const [, object = '', instance = '', resource = ''] = path.split('/');
    const links = await this.#linksOf(`/${object}/${instance}`);
    return links.has(`/${object}/${instance}/${resource}`);
  }

  /**
   * A Read: its values, checked to have come in the format that was asked for, by default whatever the device has. Ends the
   * case when the device has not got that format.
   */
  async read(path: string, format?: ReadFormat): Promise<Answer> {
    const answer = await this.#ask({ kind: 'read', path, ...(format === undefined ? {} : { format }) });
    const named = format === 'any' ? undefined : format;
    if (answer.code === '4.06' && named !== undefined) throw this.#unsupported(named, 'give');
    this.expect(answer, '2.05', 'readCode');
    if (named !== undefined) this.#checkFormat(answer, named);
    return answer;
  }

  /** A Write that is to succeed. */
  async write(path: string, value: unknown, how: WriteOptions = {}): Promise<void> {
    const { format, mode = 'replace' } = how;
    const order = { kind: 'write', path, mode, value, ...(format === undefined ? {} : { format }) };
    const answer = await this.#ask(order);
    if (answer.code === '4.15' && format !== undefined) throw this.#unsupported(format, 'take');
    this.expect(answer, '2.04', 'writeCode');
  }

  /** Anything else; the answer may be a refusal. */
  async ask(order: Order): Promise<Answer> {
    return this.#ask(order);
  }

  /** Values now; those that can be written are written back when the case ends. */
  async restoring(...paths: readonly string[]): Promise<FlatValues> {
    const before = new Map<string, unknown>();
    for (const path of paths) {
      const answer = await this.ask({ kind: 'read', path });
      if (answer.code === '4.04') throw notApplicable(`the device has no value at ${path} that could be put back`);
      this.expect(answer, '2.05', 'readCode');
      for (const [at, value] of answer.values) before.set(at, value);
    }
    for (const [path, value] of before) {
      if (!this.isWritable(path)) continue;
      this.undo(`the value of ${path}`, async () => {
        const ended = await this.#rig.order({ kind: 'write', path, mode: 'replace', value });
        if (ended.state !== 'succeeded') throw new Error(reasonOf(ended));
      });
    }
    return before;
  }

  /** Whether the object says that a resource can be written. */
  isWritable(path: string): boolean {
    const [, object = '', , resource = ''] = path.split('/');
    const definition = this.device.dialect.model.resource(Number(object), Number(resource));
    return definition?.operations.includes('W') === true;
  }

  /** Has `undo` done when the case ends; the latest first. */
  undo(what: string, undo: () => Promise<void>): void {
    this.#undo.push(async () => {
      try {
        await undo();
      } catch (error) {
        this.leftovers.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  }

  /** Write-Attributes that is to succeed; when the case ends they are what they were, or unset. */
  async attributes(path: string, attributes: Readonly<Record<string, number>>): Promise<void> {
    const had = await this.#assigned(path);
    const before = Object.fromEntries(Object.keys(attributes).map((name) => [name, had[name] ?? null]));
    const answer = await this.#ask({ kind: 'writeAttributes', path, attributes });
    this.expect(answer, '2.04', 'attributesCode');
    this.undo(`the attributes of ${path}`, async () => {
      const ended = await this.#rig.order({ kind: 'writeAttributes', path, attributes: before });
      // What has been deleted meanwhile has no attributes left.
      if (ended.state !== 'succeeded' && ended.error?.coapCode !== '4.04') throw new Error(reasonOf(ended));
    });
  }

  /** A Discover that is to succeed. */
  async discover(path: string, depth?: number): Promise<ReadonlyMap<string, Link>> {
    const answer = await this.#ask({ kind: 'discover', path, ...(depth === undefined ? {} : { depth }) });
    this.expect(answer, '2.05', 'discoverCode');
    return new Map(answer.links.map((link) => [link.path, link]));
  }

  /** Observes one path, or several at once; the observation is ended when the case ends. */
  async observe(paths: readonly string[], parameters?: Readonly<Record<string, number>>): Promise<Observation> {
    const id = `conformance-${this.#name}-${(this.#observations += 1)}`;
    const from = this.#rig.datagrams.length;
    const { state, detail = '' } = await this.#rig.observe(id, {
      paths,
      ...(parameters === undefined ? {} : { parameters }),
    });
    this.undo(`the observation of ${paths.join(', ')}`, () => this.#rig.cancel(id, 'observe'));
    const code = paths.length === 1 ? Code.GET : Code.FETCH;
    const at = this.#wirePath(paths.length === 1 ? (paths[0] as string) : '/');
    const answer = await this.#answer(from, code, at);
    const words = `Observe ${paths.join(', ')}${parameters === undefined ? '' : `?${queryText(parameters)}`}`;
    this.#step(words, answer === undefined ? 'no answer' : showCode(answer.message.code));
    if (answer === undefined) throw inconclusive(`the device did not answer the Observe of ${paths.join(', ')}`);
    this.require(state === 'active' && answer.message.has(OptionNumber.OBSERVE), 'observeCode', () =>
      [`the answer to the Observe of ${paths.join(', ')} is ${showCode(answer.message.code)}`, detail].join(' '),
    );
    return { id, paths, token: answer.message.token, from, begunAt: answer.at };
  }

  /** The notifications of an observation so far; its first answer is none of them. */
  notifications({ paths, token, from }: Observation, later = from): readonly Notification[] {
    const first = answersUnder(this.#rig.datagrams, from, token);
    return notificationsOf(messagesIn(this.#rig.datagrams, later), token)
      .filter(({ message }) => message.messageId !== first)
      .map(({ at, message }) => ({ at, message, values: this.#valuesOf(paths, message) }));
  }

  /** Ends an observation. */
  async cancel(observation: Observation, by: 'observe' | 'reset'): Promise<void> {
    await this.#rig.cancel(observation.id, by);
    this.#step(
      by === 'observe' ? `Observe 1 for ${observation.paths.join(', ')}` : 'Reset to the next notification',
      '',
    );
  }

  /** Waits until `done` gives something, at most so many seconds; undefined: it did not. */
  async until<T>(span: number, done: () => T | undefined): Promise<T | undefined> {
    const end = this.#rig.now() + span * 1000;
    for (;;) {
      const found = done();
      if (found !== undefined) return found;
      if (this.#rig.now() >= end) return undefined;
      await this.#rig.next(end);
    }
  }

  /** Lets time go by. */
  async wait(span: number, words: string): Promise<void> {
    await this.until(span, () => undefined);
    this.#step(words, '');
  }

  /** Ends a step that was only waited for. */
  told(words: string, outcome = ''): void {
    this.#step(words, outcome);
  }

  /** Index behind the datagrams seen so far. */
  get mark(): number {
    return this.#rig.datagrams.length;
  }

  /** Now, in milliseconds of the clock of the datagrams. */
  now(): number {
    return this.#rig.now();
  }

  /** Requests of the device with that code whose path begins so, from datagram `from` on. */
  requests(from: number, code: number, prefix: string): readonly Seen[] {
    return requestsOf(messagesIn(this.#rig.datagrams, from), code, prefix);
  }

  /** Waits for an Update that announces the lifetime. */
  async expectLifetime(from: number, lifetime: number): Promise<void> {
    const update = await this.until(this.settings.patience, () =>
      this.requests(from, Code.POST, '/rd/').find(({ message }) => queriesOf(message).includes(`lt=${lifetime}`)),
    );
    this.#step(`wait for an Update with lt=${lifetime}`, update === undefined ? 'none came' : 'came');
    this.require(update !== undefined, 'lifetimeAnnounced', () => `no Update with lt=${lifetime} came`);
  }

  /** Deletes what may be there, without judging. */
  async remove(path: string): Promise<void> {
    const ended = await this.#rig.order({ kind: 'delete', path });
    if (ended.state !== 'succeeded' && ended.error?.coapCode !== '4.04') throw new Error(reasonOf(ended));
  }

  /** The answer to a request of the device; undefined: not yet. */
  answerOf(request: Message): Seen | undefined {
    return messagesIn(this.#rig.datagrams, 0).find(
      ({ direction, message }) =>
        direction === 'out' && codeClass(message.code) >= 2 && bytesEqual(message.token, request.token),
    );
  }

  /** Waits until the device answers again: after a reboot its registration is new. */
  async settled(): Promise<void> {
    const end = this.#rig.now() + this.settings.patience * 1000;
    const isBack = async (): Promise<boolean> =>
      (await this.#rig.order({ kind: 'read', path: '/3/0/16' })).state === 'succeeded';
    while (!(await isBack()) && this.#rig.now() < end) await this.#rig.next(this.#rig.now() + 1000);
    this.#step('wait until the device answers again', '');
  }

  /** Ends the case by a failure unless the answer has that code. */
  expect(answer: Answer, code: string, rule: RuleName): void {
    this.require(answer.code === code, rule, () => `the answer is ${answer.code}, expected ${code}`);
  }

  /** Ends the case by a failure unless `holds`. */
  require(holds: boolean, rule: RuleName, detail: () => string): void {
    if (!holds) throw failed(RULES[rule], detail());
  }

  /** What was found; ends the case by a failure when nothing was. */
  found<T>(what: T | undefined, rule: RuleName, detail: () => string): T {
    if (what === undefined) throw failed(RULES[rule], detail());
    return what;
  }

  /** Requires that two values are the same. */
  same(found: unknown, wanted: unknown, rule: RuleName, what: string): void {
    this.require(sameValue(found, wanted), rule, () => `${what} is ${show(found)}, expected ${show(wanted)}`);
  }

  /** Undoes what was changed; what cannot be undone is in `leftovers`. */
  async restore(): Promise<void> {
    const from = this.#told;
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    if (this.#rig.datagrams.length > from)
      this.#step('put back what was changed', this.leftovers.length === 0 ? '' : 'not all');
  }

  async #ask(order: Order): Promise<Answer> {
    const from = this.#rig.datagrams.length;
    const words = wordsOf(order);
    const ended = await this.#order(order, words);
    const { result, error } = ended;
    if (ended.state === 'expired') {
      this.#step(words, 'not sent');
      throw inconclusive(`the device was not heard of in time, so nothing was sent: ${words}`);
    }
    if (error?.code === 'device_timeout' || ended.state === 'unknown') {
      this.#step(words, 'no answer');
      throw inconclusive(`the device did not answer: ${words}`);
    }
    const seen = await this.#answer(from, codeOf(order), this.#wirePath(targetOf(order)));
    const code = seen === undefined ? (result?.coapCode ?? error?.coapCode) : showCode(seen.message.code);
    this.#step(words, code ?? error?.code ?? ended.state);
    if (error !== undefined && error.coapCode === undefined && code === successOf(order))
      throw failed(RULES.decodable, error.detail ?? error.code);
    if (code === undefined) throw inconclusive(`${words}: ${reasonOf(ended)}`);
    return {
      code,
      format: seen?.message.uint(OptionNumber.CONTENT_FORMAT),
      values: result?.nodes === undefined ? flatten(result?.node) : flattenAll(result.nodes),
      links: result?.links ?? [],
      created: result?.path,
    };
  }

  async #order(order: Order, words: string): Promise<Ended> {
    try {
      return await this.#rig.order(order);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#step(words, error.code);
      throw inconclusive(`the server did not take the order: ${error.message}`);
    }
  }

  /** The answer on the wire may be seen a little later than its outcome. */
  #answer(from: number, code: number, path: string): Promise<Seen | undefined> {
    return this.until(ANSWER_SEEN, () => answerTo(messagesIn(this.#rig.datagrams, from), code, path));
  }

  #checkFormat({ format: named }: Answer, format: FormatName): void {
    // RFC 7252 §5.5.1: without the option a representation may be text; nothing else may.
    const found = named ?? (format === 'text' ? FORMATS.text : undefined);
    const detail = (): string => `Content-Format ${found ?? 'none'} for Accept ${FORMATS[format]}`;
    this.require(found === FORMATS[format], 'acceptHonoured', detail);
  }

  /** Only TLV in 1.0 is no format that a device may be without. */
  #unsupported(format: FormatName, what: 'give' | 'take'): CaseEnd {
    return this.device.dialect.lwm2m === '1.0' && format === 'tlv'
      ? failed(RULES.tlvMandatory, 'TLV is refused')
      : notApplicable(`the device does not ${what} ${format}`);
  }

  /**
   * The attributes assigned to a path itself. Clients differ in whether a Discover shows what is inherited: what is the same one
   * level up counts as that, for without it it holds all the same.
   */
  async #assigned(path: string): Promise<Readonly<Record<string, number>>> {
    const parent = path.split('/').slice(0, -1).join('/');
    const above = parent === '' ? {} : await this.#holding(parent);
    return Object.fromEntries(Object.entries(await this.#shown(path)).filter(([name, value]) => above[name] !== value));
  }

  /** The attributes that hold at a path: its own and those from above. */
  async #holding(path: string): Promise<Readonly<Record<string, number>>> {
    const parent = path.split('/').slice(0, -1).join('/');
    return { ...(parent === '' ? {} : await this.#holding(parent)), ...(await this.#shown(path)) };
  }

  /** The attributes that the Discover shows in which a path is one link of several, of an object that of itself. */
  async #shown(path: string): Promise<Readonly<Record<string, number>>> {
    const segments = path.split('/');
    const asked = segments.length <= 3 ? path : segments.slice(0, -1).join('/');
    const { result } = await this.#rig.order({ kind: 'discover', path: asked });
    const link = result?.links?.find((one) => one.path === path);
    return Object.fromEntries(
      Object.entries(link?.attributes ?? {}).filter(
        (entry): entry is [string, number] =>
          ATTRIBUTE_NAMES.some((name) => name === entry[0]) && typeof entry[1] === 'number',
      ),
    );
  }

  readonly #links = new Map<string, ReadonlySet<string>>();

  async #linksOf(instance: string): Promise<ReadonlySet<string>> {
    const known = this.#links.get(instance);
    if (known !== undefined) return known;
    const answer = await this.#ask({ kind: 'discover', path: instance });
    const found = new Set(answer.links.map(({ path }) => path));
    this.#links.set(instance, found);
    return found;
  }

  #valuesOf(paths: readonly string[], message: Message): FlatValues | undefined {
    const payload = wholePayload(message);
    if (payload === undefined) return undefined;
    const { dialect } = this.device;
    try {
      const nodes = decodeObserved(
        paths.map((path) => tryParsePath(path) ?? []),
        dialect,
        message,
        payload,
      );
      return flattenNodes(nodes, dialect.model);
    } catch (error) {
      if (error instanceof DecodeError) throw failed(RULES.decodable, error.message);
      throw error;
    }
  }

  #wirePath(path: string): string {
    const { root } = this.device.dialect;
    return path === '/' ? (root === '' ? '/' : root) : `${root}${path}`;
  }

  #step(words: string, outcome: string): void {
    const datagrams = this.#rig.datagrams.slice(this.#told);
    this.#told = this.#rig.datagrams.length;
    this.steps.push({ words, outcome, datagrams });
  }
}

/** Values of a flat list that are at or below a path. */
export function below(values: FlatValues, under: string): Map<string, unknown> {
  return new Map([...values].filter(([path]) => isUnder(path, under)));
}

function answersUnder(datagrams: readonly Datagram[], from: number, token: Uint8Array): number | undefined {
  return notificationsOf(messagesIn(datagrams, from), token)[0]?.message.messageId;
}

/** Seconds within which the trace shows an answer that the server has told of. */
const ANSWER_SEEN = 2;
