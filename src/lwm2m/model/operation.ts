/** Requests from the server to a device, and what may come back (LwM2M-Core 1.1.1 §6.3, §6.4), free of CoAP. */

import type { Path } from './path.js';
import type { CompositeEntry, InstanceNode, Node, PlacedNode } from './value.js';

/** Content formats by the names of our API, with their CoAP numbers (LwM2M-Core 1.1.1 §7.4; lower rows are of later issues' use). */
export const FORMATS = {
  text: 0,
  link: 40,
  opaque: 42,
  cbor: 60,
  'senml-json': 110,
  'senml-cbor': 112,
  'senml-etch-json': 320,
  'senml-etch-cbor': 322,
  tlv: 11542,
  json: 11543,
  'lwm2m-cbor': 11544,
} as const;
/** Name of a content format. */
export type FormatName = keyof typeof FORMATS;

/** Attributes of Write-Attributes: a number sets, `unset` removes (LwM2M-Core 1.1.1 §5.1.2). */
export const ATTRIBUTE_NAMES = ['pmin', 'pmax', 'gt', 'lt', 'st', 'epmin', 'epmax', 'edge', 'con', 'hqmax'] as const;
/** Name of an attribute. */
export type AttributeName = (typeof ATTRIBUTE_NAMES)[number];
/** Attributes to set or to remove. */
export type Attributes = Readonly<Partial<Record<AttributeName, number | 'unset'>>>;

/** Format a Read asks for: one by name, or `any`, which leaves it to the device (no Accept). */
export type ReadFormat = FormatName | 'any';

/** One request to one device. `format` names the content format the caller wants; absent, the device's own are considered. */
export type DeviceRequest =
  | { readonly kind: 'read'; readonly path: Path; readonly format?: ReadFormat }
  | { readonly kind: 'discover'; readonly path: Path; readonly depth?: number }
  | {
      readonly kind: 'write';
      readonly path: Path;
      readonly mode: 'replace' | 'update';
      readonly node: Node;
      readonly format?: FormatName;
    }
  | { readonly kind: 'writeAttributes'; readonly path: Path; readonly attributes: Attributes }
  | { readonly kind: 'execute'; readonly path: Path; readonly arguments?: string }
  | {
      readonly kind: 'create';
      readonly path: Path;
      readonly instance?: number;
      readonly node: InstanceNode;
      readonly format?: FormatName;
    }
  | { readonly kind: 'delete'; readonly path: Path }
  | { readonly kind: 'readComposite'; readonly paths: readonly Path[]; readonly format?: FormatName }
  | { readonly kind: 'writeComposite'; readonly entries: readonly CompositeEntry[]; readonly format?: FormatName }
  | ({ readonly kind: 'observe' } & ObservationTerms)
  | ({ readonly kind: 'cancelObserve'; readonly by: 'observe' | 'reset' } & ObservationTerms);

/** What an observation is of; its cancellation repeats all of it (RFC 7641 §3.6, LwM2M-Core 1.1.1 §6.4.5). */
export interface ObservationTerms {
  /** One path is observed by Observe, several by one Observe-Composite. */
  readonly paths: readonly Path[];
  readonly token: Uint8Array;
  readonly format?: FormatName;
  /** Attributes for this observation alone, as query of the request; LwM2M 1.2 has them. */
  readonly parameters?: Attributes;
}

/** Kind of a request to a device. */
export type RequestKind = DeviceRequest['kind'];

/** One link of a Discover answer: a path and its attributes as sent (numbers where they are numbers). */
export interface DiscoveredLink {
  readonly path: string;
  readonly attributes: Readonly<Record<string, number | string | true>>;
}

/** What came of a request. A refusal and a timeout are outcomes, not exceptions. */
export type Outcome =
  | {
      /** The device answered with a success code. */
      readonly kind: 'done';
      /** Raw CoAP code, such as 0x45 for 2.05. */
      readonly code: number;
      /** Content format of the answer's payload, by number. */
      readonly format?: number;
      /** Of a read or an observe. Of composite ones: one object node for each object and time that was in the answer. */
      readonly nodes?: readonly PlacedNode[];
      /** Of a discover. */
      readonly links?: readonly DiscoveredLink[];
      /** Of a create: the path of the new instance. */
      readonly created?: Path;
      /** Of an observe: whether the device accepted it (its answer carried Observe). */
      readonly observing?: 'yes' | 'no';
    }
  | { readonly kind: 'refused'; readonly code: number; readonly detail: string }
  | {
      readonly kind: 'failed';
      /** timeout: no answer; unreachable: the socket refused; reset: RST; bad_answer: could not be decoded; bad_request: could not be encoded; busy: the queue of that peer is full. */
      readonly reason:
        'timeout' | 'unreachable' | 'reset' | 'bad_answer' | 'bad_request' | 'busy' | 'cancelled' | 'too_large';
      readonly detail: string;
      /** Of an answer that could not be decoded: the stable word of the reason. */
      readonly fault?: string;
      /** Whether any datagram of the request left: when `no`, it had surely no effect. */
      readonly sent: 'yes' | 'no';
    };
