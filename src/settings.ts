/**
 * The settings of the server: one table gives the flag, the `BELLWETHER_…` variable, the key in the configuration file,
 * the default, the limits and the help text. Every parameter of the CoAP endpoint has a row of its own.
 */

import { PARAMETERS, type Parameters } from '#coap/endpoint';

/**
 * What a setting holds. `count` is a whole number. `flag` is also turned off by `--no-…`. `list` is given as repeated
 * flags, as a list in the file, or with commas in a variable.
 */
export type SettingKind = 'text' | 'number' | 'count' | 'flag' | 'list' | 'choice';

/** A row of the table. */
export interface Setting {
  /** Flag without dashes: `lifetime-grace`; the variable is `BELLWETHER_LIFETIME_GRACE`, the key in the file `lifetimeGrace`. */
  readonly flag: string;
  readonly kind: SettingKind;
  readonly initial: string | number | boolean | readonly string[];
  readonly help: string;
  /** What the argument is called in the help. */
  readonly argument?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Shown as stars by --print-config. */
  readonly secret?: 'secret';
  /** Name of the endpoint's parameter that this row sets. */
  readonly parameter?: keyof Parameters;
}

const YEAR = 31_536_000;

const SERVER_SETTINGS = [
  {
    flag: 'data',
    kind: 'text',
    initial: './data',
    argument: 'FOLDER',
    help: 'folder of the embedded store; made when missing',
  },
  {
    flag: 'http',
    kind: 'text',
    initial: '127.0.0.1:8080',
    argument: 'HOST:PORT',
    help: 'where REST listens; port 0 picks a free one',
  },
  {
    flag: 'http-body-bytes',
    kind: 'count',
    initial: 1_048_576,
    min: 4096,
    max: 67_108_864,
    argument: 'BYTES',
    help: 'largest body of a request by REST; beyond: 413',
  },
  {
    flag: 'coap',
    kind: 'list',
    initial: ['127.0.0.1:5683'],
    argument: 'ADDRESS:PORT',
    help: 'where plain CoAP listens; repeatable; IPv6 in brackets; port 0 picks a free one',
  },
  { flag: 'coap-dual-stack', kind: 'flag', initial: false, help: 'an IPv6 wildcard listener accepts IPv4 too' },
  {
    flag: 'coap-open',
    kind: 'flag',
    initial: false,
    help: 'any name may register over plain CoAP; without it, unknown names get 4.03',
  },
  {
    flag: 'coap-freshness',
    kind: 'number',
    initial: 0,
    min: 0,
    max: 3_600,
    argument: 'SECONDS',
    help: 'requests that change something must bring an Echo value this young (RFC 9175); 0: not asked for, as few devices know it',
  },
  {
    flag: 'owner-token-file',
    kind: 'text',
    initial: '',
    argument: 'FILE',
    help: 'where the first start writes the owner token (mode 0600); empty: it is printed once',
  },
  {
    flag: 'objects',
    kind: 'list',
    initial: [],
    argument: 'FOLDER',
    help: 'folder of object definitions (XML) beside the built-in ones; repeatable',
  },
  {
    flag: 'log-level',
    kind: 'choice',
    initial: 'info',
    choices: ['error', 'warn', 'info', 'debug'],
    argument: 'LEVEL',
    help: 'least important log lines that are written (to stderr): error, warn, info, debug',
  },
  {
    flag: 'lifetime-grace',
    kind: 'number',
    initial: 30,
    min: 0,
    max: YEAR,
    argument: 'SECONDS',
    help: 'added to a lifetime before the registration expires',
  },
  {
    flag: 'registration-burst',
    kind: 'count',
    initial: 10,
    min: 1,
    max: 10_000,
    argument: 'N',
    help: 'Registers of one peer (address and port) at once; beyond: 4.29 with Max-Age',
  },
  {
    flag: 'registration-interval',
    kind: 'number',
    initial: 5,
    min: 0,
    max: 3_600,
    argument: 'SECONDS',
    help: 'after which a peer that sent so many Registers may send one more; 0: no limit',
  },
  {
    flag: 'registration-peers',
    kind: 'count',
    initial: 100_000,
    min: 2,
    max: 10_000_000,
    argument: 'N',
    help: 'peers whose Registers are counted; beyond, those that sent theirs longest ago count as new',
  },
  {
    flag: 'awake-window',
    kind: 'number',
    initial: 93,
    min: 1,
    max: YEAR,
    argument: 'SECONDS',
    help: 'how long a queue-mode device listens after a message, unless set for the device or its model',
  },
  {
    flag: 'models',
    kind: 'count',
    initial: 10_000,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'models of devices for which something may be set; beyond: 409 too_many_models',
  },
  {
    flag: 'operation-deadline',
    kind: 'number',
    initial: 86_400,
    min: 1,
    max: YEAR,
    argument: 'SECONDS',
    help: 'deadline of an operation whose caller names none',
  },
  {
    flag: 'operation-deadline-max',
    kind: 'number',
    initial: 2_592_000,
    min: 1,
    max: YEAR,
    argument: 'SECONDS',
    help: 'furthest deadline a caller may name',
  },
  {
    flag: 'operation-queue',
    kind: 'count',
    initial: 100,
    min: 1,
    max: 10_000,
    argument: 'N',
    help: 'operations that may wait for one device; beyond: 409 queue_full',
  },
  {
    flag: 'operation-queue-total',
    kind: 'count',
    initial: 1_000_000,
    min: 1,
    max: 100_000_000,
    argument: 'N',
    help: 'operations that may wait in all; beyond: 409 queue_full',
  },
  {
    flag: 'operation-days',
    kind: 'count',
    initial: 30,
    min: 1,
    max: 3650,
    argument: 'DAYS',
    help: 'how long finished operations are kept',
  },
  {
    flag: 'operations-per-device',
    kind: 'count',
    initial: 1000,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'finished operations kept of one device',
  },
  {
    flag: 'observations-per-device',
    kind: 'count',
    initial: 500,
    min: 0,
    max: 10_000,
    argument: 'N',
    help: 'wanted observations of one device',
  },
  {
    flag: 'events-kept',
    kind: 'count',
    initial: 10_000,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'events kept for readers that come back (Last-Event-ID)',
  },
  {
    flag: 'event-readers',
    kind: 'count',
    initial: 100,
    min: 1,
    max: 10_000,
    argument: 'N',
    help: 'readers of /events at once',
  },
  {
    flag: 'trace-readers',
    kind: 'count',
    initial: 16,
    min: 1,
    max: 1000,
    argument: 'N',
    help: 'readers of traces of devices at once',
  },
  {
    flag: 'event-buffer',
    kind: 'count',
    initial: 1_048_576,
    min: 1024,
    max: 1_073_741_824,
    argument: 'BYTES',
    help: 'unread bytes of one reader of events or of a trace; beyond, it is cut off',
  },
  {
    flag: 'read-after-registration',
    kind: 'list',
    initial: ['/3/0/0', '/3/0/1', '/3/0/3'],
    argument: 'PATH',
    help: 'resources read after each registration',
  },
  {
    flag: 'unknown-parameters',
    kind: 'choice',
    initial: 'ignore',
    choices: ['ignore', 'refuse'],
    argument: 'WHAT',
    help: 'ignore or refuse: query parameters of a Register that no version defines',
  },
  {
    flag: 'endpoint-name-bytes',
    kind: 'count',
    initial: 128,
    min: 1,
    max: 252,
    argument: 'BYTES',
    help: 'longest endpoint name; beyond: 4.00',
  },
  {
    flag: 'link-bytes',
    kind: 'count',
    initial: 16_384,
    min: 256,
    max: 1_048_576,
    argument: 'BYTES',
    help: 'characters of a list of links (Register, Update, Discover); beyond: 4.13',
  },
  {
    flag: 'link-count',
    kind: 'count',
    initial: 1_000,
    min: 1,
    max: 100_000,
    argument: 'N',
    help: 'links in one list; beyond: 4.13',
  },
  {
    flag: 'link-attributes',
    kind: 'count',
    initial: 64,
    min: 4,
    max: 1_024,
    argument: 'N',
    help: 'attributes of one link; beyond: 4.00',
  },
  {
    flag: 'format-payload-bytes',
    kind: 'count',
    initial: 1_048_576,
    min: 1_024,
    max: 67_108_864,
    argument: 'BYTES',
    help: 'largest payload of a device that is decoded',
  },
  {
    flag: 'format-records',
    kind: 'count',
    initial: 4_096,
    min: 1,
    max: 1_000_000,
    argument: 'N',
    help: 'values in one payload: SenML records or TLVs',
  },
  {
    flag: 'format-name-characters',
    kind: 'count',
    initial: 128,
    min: 24,
    max: 4_096,
    argument: 'N',
    help: 'longest SenML name, base name included',
  },
  {
    flag: 'format-depth',
    kind: 'count',
    initial: 16,
    min: 3,
    max: 64,
    argument: 'N',
    help: 'nesting of CBOR and JSON payloads',
  },
  {
    flag: 'format-cbor-items',
    kind: 'count',
    initial: 65_536,
    min: 16,
    max: 16_777_216,
    argument: 'N',
    help: 'CBOR data items in one payload',
  },
  {
    flag: 'device-time-past',
    kind: 'number',
    initial: 315_576_000,
    min: 0,
    max: 4_294_967_295,
    argument: 'SECONDS',
    help: "how old a device may say a value is; beyond, the device's time counts as none",
  },
  {
    flag: 'device-time-future',
    kind: 'number',
    initial: 86_400,
    min: 0,
    max: 4_294_967_295,
    argument: 'SECONDS',
    help: "how far ahead a device's clock may be; beyond, the device's time counts as none",
  },
  {
    flag: 'definition-bytes',
    kind: 'count',
    initial: 1_048_576,
    min: 1_024,
    max: 16_777_216,
    argument: 'BYTES',
    help: 'largest object definition (XML) that is read',
  },
  {
    flag: 'definition-depth',
    kind: 'count',
    initial: 16,
    min: 5,
    max: 64,
    argument: 'N',
    help: 'nesting of an object definition',
  },
  {
    flag: 'definition-elements',
    kind: 'count',
    initial: 10_000,
    min: 16,
    max: 1_000_000,
    argument: 'N',
    help: 'elements of an object definition',
  },
  {
    flag: 'store-queue-bytes',
    kind: 'count',
    initial: 67_108_864,
    min: 65_536,
    max: 17_179_869_184,
    argument: 'BYTES',
    help: 'changes that may wait for the store; beyond: 5.03 and 503',
  },
  {
    flag: 'value-bytes',
    kind: 'count',
    initial: 65_536,
    min: 256,
    max: 16_777_216,
    argument: 'BYTES',
    help: 'last values kept of one object instance',
  },
  {
    flag: 'udp-receive-buffer',
    kind: 'count',
    initial: 4_194_304,
    min: 4096,
    max: 1_073_741_824,
    argument: 'BYTES',
    help: "the kernel's receive buffer of each CoAP socket",
  },
] as const satisfies readonly Setting[];

/** All rows: the server's own and one for each parameter of the CoAP endpoint, as `--coap-…`. */
export const SETTINGS: readonly Setting[] = [
  ...SERVER_SETTINGS,
  ...PARAMETERS.map((row) => ({
    flag: `coap-${kebab(row.name)}`,
    kind: row.unit === 'count' || row.unit === 'bytes' ? ('count' as const) : ('number' as const),
    initial: row.initial,
    min: row.min,
    max: row.max,
    argument: row.unit.toUpperCase(),
    help: row.help,
    parameter: row.name,
  })),
];

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
