/**
 * The Firmware Update object of one device (LwM2M-Core 1.1.1 §E.6): a package that was pushed is judged, installed on
 * Update, and leaves a new firmware version after a reboot. Nothing is pulled: a Package URI ends with result 9, or 7 when it
 * is no URI.
 *
 * A package that begins with the line `bellwether-firmware VERSION` installs as that version; with one more word, `integrity`,
 * `unsupported` or `install`, it fails like that. Any other bytes install too, as a version made from them.
 */

import { after, seconds } from '#base';
import type { Instant } from '#base';

import { integer, single, text } from './behaviour.js';
import { numberAt, scalarAt } from './objects.js';
import type { ObjectTree } from './objects.js';
import { mix } from './seed.js';

/** States of /5/x/3. */
const STATE = { idle: 0, downloaded: 2, updating: 3 } as const;
/** Results of /5/x/5. */
const RESULT = {
  none: 0,
  success: 1,
  noStorage: 2,
  noMemory: 3,
  integrity: 5,
  unsupported: 6,
  invalidUri: 7,
  failed: 8,
  noProtocol: 9,
} as const;

/** What becomes of a package: it installs, is refused when it has come, or fails to install. */
export const FIRMWARE_OUTCOMES = ['success', 'storage', 'memory', 'integrity', 'unsupported', 'install'] as const;
/** What becomes of a package. */
export type FirmwareOutcome = (typeof FIRMWARE_OUTCOMES)[number];

/** What becomes of packages whatever their bytes say. */
export interface FirmwareTerms {
  readonly outcome: FirmwareOutcome;
  /** Seconds an installation takes; absent: 2. */
  readonly takes?: number;
  /** The version that is installed; absent: the package says. */
  readonly version?: string;
}

/** Terms that are in force. */
interface Rule extends FirmwareTerms {
  /** A package was judged by them. */
  judged(): void;
}

/** What a package is to the device. */
interface Judged {
  readonly version: string;
  /** Result of a package that is refused when it has come. */
  readonly refused?: number;
  /** Whether installing it fails. */
  readonly installs: 'yes' | 'no';
}

/** The firmware of one device. */
export class Firmware {
  readonly #tree: () => ObjectTree;
  #package: Judged | undefined;
  #installedAt: Instant | undefined;
  #rule: Rule | undefined;

  constructor(tree: () => ObjectTree) {
    this.#tree = tree;
  }

  /** From now on packages are judged so; undefined: by their bytes. */
  rule(rule: Rule | undefined): void {
    this.#rule = rule;
  }

  /** Something of the object was written: takes a package or a URI that is there now. Whether state or result may have changed. */
  written(): 'changed' | 'same' {
    const tree = this.#tree();
    const bytes = scalarAt(tree, OBJECT, 0, 0);
    const uri = scalarAt(tree, OBJECT, 0, 1);
    if (bytes?.type === 'opaque') {
      tree.remove(OBJECT, 0, 0);
      this.#take(bytes.value);
      return 'changed';
    }
    if (uri?.type !== 'string' || uri.value === '') return 'same';
    tree.write(OBJECT, 0, 1, single(text('')));
    this.#package = undefined;
    this.#set(STATE.idle, URL.canParse(uri.value) ? RESULT.noProtocol : RESULT.invalidUri);
    return 'changed';
  }

  /** Update was executed, which the request handler allows in state 2 alone. */
  update(now: Instant): void {
    this.#set(STATE.updating, RESULT.none);
    this.#installedAt = after(now, seconds(this.#rule?.takes ?? INSTALL_SECONDS));
  }

  /** Ends an installation that is due. reboot: it succeeded, the device starts with it. */
  handleTimeout(now: Instant): 'reboot' | 'failed' | undefined {
    if (this.#installedAt === undefined || now < this.#installedAt) return undefined;
    this.#installedAt = undefined;
    const { version, installs } = this.#package ?? { version: '', installs: 'no' };
    if (installs === 'no') {
      this.#set(STATE.downloaded, RESULT.failed);
      return 'failed';
    }
    this.#package = undefined;
    this.#tree().write(3, 0, 3, single(text(version)));
    this.#set(STATE.idle, RESULT.success);
    return 'reboot';
  }

  /** When an installation ends. */
  nextDeadline(): Instant | undefined {
    return this.#installedAt;
  }

  /** An empty package, or one NUL byte where a client knows no empty one, resets the state machine. */
  #take(bytes: Uint8Array): void {
    this.#installedAt = undefined;
    this.#package = undefined;
    if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0)) {
      this.#set(STATE.idle, RESULT.none);
      return;
    }
    const judged = this.#judge(bytes);
    if (judged.refused !== undefined) {
      this.#set(STATE.idle, judged.refused);
      return;
    }
    this.#package = judged;
    this.#set(STATE.downloaded, RESULT.none);
  }

  #judge(bytes: Uint8Array): Judged {
    const judged = judge(bytes);
    if (this.#rule === undefined) return judged;
    const { outcome, version = judged.version === '' ? versionOf(bytes) : judged.version } = this.#rule;
    this.#rule.judged();
    const refused = REFUSALS[outcome];
    return { version, ...(refused === undefined ? {} : { refused }), installs: outcome === 'success' ? 'yes' : 'no' };
  }

  #set(state: number, result: number): void {
    this.#tree().write(OBJECT, 0, 3, single(integer(state)));
    this.#tree().write(OBJECT, 0, 5, single(integer(result)));
  }
}

/** Whether Update may be executed now. */
export function mayUpdate(tree: ObjectTree): boolean {
  return numberAt(tree, OBJECT, 0, 3) === STATE.downloaded;
}

function judge(bytes: Uint8Array): Judged {
  if (bytes.length > STORAGE) return { version: '', refused: RESULT.noStorage, installs: 'no' };
  const head = Buffer.from(bytes.subarray(0, 128)).toString('latin1').split('\n', 1)[0] ?? '';
  const [, version = '', word] = /^bellwether-firmware ([\w.+-]{1,32})(?: (\w+))?\s*$/.exec(head) ?? [];
  if (word === 'integrity') return { version, refused: RESULT.integrity, installs: 'no' };
  if (word === 'unsupported') return { version, refused: RESULT.unsupported, installs: 'no' };
  if (word === 'install') return { version, installs: 'no' };
  return { version: version === '' ? versionOf(bytes) : version, installs: 'yes' };
}

function versionOf(bytes: Uint8Array): string {
  let sum = bytes.length;
  for (const byte of bytes) sum = mix(sum, byte);
  return `1.0.0+${(sum >>> 0).toString(16).padStart(8, '0')}`;
}

const OBJECT = 5;
/** Results of packages that are refused when they have come. */
const REFUSALS: Readonly<Partial<Record<FirmwareOutcome, number>>> = {
  storage: RESULT.noStorage,
  memory: RESULT.noMemory,
  integrity: RESULT.integrity,
  unsupported: RESULT.unsupported,
};
/** Bytes a device has room for. */
const STORAGE = 524_288;
/** Seconds an installation takes. */
const INSTALL_SECONDS = 2;
