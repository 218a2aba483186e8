/** What a simulated device puts out for its driver to carry out, and for a person to know. */

import type { EnablerVersion } from '#lwm2m/model';

import type { Content } from './reading.js';
import type { RegistrationEvent, ServerRequest } from './registration.js';
import type { Notification } from './reports.js';
import type { SendRequest } from './send.js';

/** Something a person may want to know. */
export type DeviceEvent =
  | RegistrationEvent
  | { readonly type: 'rebooting' | 'disabled' }
  /** The server does not serve the version that was tried; this one is next. */
  | { readonly type: 'steppedDown'; readonly lwm2m: EnablerVersion }
  /** What became of a Send; `code` is the raw CoAP code of a refusal. */
  | { readonly type: 'sent' }
  | { readonly type: 'sendRefused'; readonly code: number; readonly detail: string }
  | { readonly type: 'sendUnanswered'; readonly reason: string };

/** What the driver carries out, in this order. */
export type DeviceOutput =
  | { readonly type: 'request'; readonly request: ServerRequest }
  | { readonly type: 'send'; readonly request: SendRequest }
  | {
      readonly type: 'answer';
      readonly exchange: number;
      readonly answer: Content;
      readonly observe: { readonly sequence: number } | undefined;
    }
  /** No answer: the device does not listen. */
  | { readonly type: 'ignore'; readonly exchange: number }
  | { readonly type: 'notify'; readonly relation: number; readonly notification: Notification }
  /** The device has forgotten its observers and its request in flight. */
  | { readonly type: 'forgetServer' }
  | { readonly type: 'event'; readonly event: DeviceEvent };
