/** Builders of records and changes for the contract of the store. Ids rise with the numbers they are made from. */

import { WallTime } from '#base';
import { DeviceId, OperationId } from '#fleet/model';
import type { DeviceRecord, InstanceValues, LastValue, NewEvent, OperationRecord, SessionRecord } from '#fleet/model';
import type { DeviceChange, FleetStore, OperationChange, ValuesChange } from '#fleet/ports';

/** When everything in these tests begins. */
export const START = WallTime(1_767_225_600_000);

/** The moment `seconds` after START. */
export function at(seconds: number): WallTime {
  return WallTime(START + seconds * 1000);
}

/** Id of device number `number`. */
export function deviceId(number: number): DeviceId {
  return DeviceId((START + number).toString(16).padStart(12, '0') + number.toString(16).padStart(20, 'a'));
}

/** Id of operation number `number`. */
export function operationId(number: number): OperationId {
  return OperationId(START.toString(16).padStart(11, '0') + '00' + number.toString(16).padStart(7, '0'));
}

/** Session number `number` of device number `of`. */
export function session(number: number, of: number, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    digest: number.toString(16).padStart(32, '5'),
    device: deviceId(of),
    listener: 1,
    expires: at(1_000_000),
    sealed: Buffer.from(`sealed ${number}`).toString('base64'),
    ...more,
  };
}

/** A registered device. */
export function device(number: number, more: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    id: deviceId(number),
    endpoint: `urn:dev:${number}`,
    firstSeen: START,
    lastSeen: START,
    tags: { place: 'Zürich – ☃' },
    registration: {
      location: `location${number}`,
      lwm2m: '1.1',
      lifetime: 300,
      binding: 'U',
      queueMode: false,
      objects: '</1/0>,</3/0>',
      address: { listener: 0, address: '127.0.0.1', port: 50_000 },
      registeredAt: START,
      updatedAt: START,
    },
    observations: [],
    ...more,
  };
}

/** An operation on device number `of`. */
export function operation(number: number, of: number, more: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id: operationId(number),
    device: deviceId(of),
    endpoint: `urn:dev:${of}`,
    request: { kind: 'read', path: '/3/0' },
    state: 'queued',
    createdAt: at(number),
    deadline: at(number + 3600),
    ...more,
  };
}

/** The same as finished. */
export function finished(number: number, of: number, more: Partial<OperationRecord> = {}): OperationRecord {
  return operation(number, of, {
    state: 'succeeded',
    sentAt: at(number),
    finishedAt: at(number),
    result: { coapCode: '2.05' },
    ...more,
  });
}

/** A last value. */
export function value(number: number, receivedAt: WallTime, more: Partial<LastValue> = {}): LastValue {
  return { type: 'integer', value: number, receivedAt, source: 'notify', ...more };
}

/** An event of device number `of`. */
export function event(of: number, more: Partial<NewEvent> = {}): NewEvent {
  return { type: 'device.updated', at: START, device: deviceId(of), endpoint: `urn:dev:${of}`, data: { of }, ...more };
}

/** Puts a device, with what `more` overrides. */
export function putDevice(
  store: FleetStore,
  record: DeviceRecord,
  expected: number,
  events: readonly NewEvent[] = [],
): ReturnType<FleetStore['commit']> {
  const change: DeviceChange = {
    ...{ aggregate: 'device', id: record.id, expected, record, events },
    ...{ actor: { kind: 'device', id: record.id }, fence: store.fence },
  };
  return store.commit(change);
}

/** Deletes device number `of`. */
export function deleteDevice(
  store: FleetStore,
  of: number,
  expected: number,
  events: readonly NewEvent[] = [],
): ReturnType<FleetStore['commit']> {
  return store.commit({
    ...{ aggregate: 'device', id: deviceId(of), expected, events },
    ...{ actor: { kind: 'owner' }, fence: store.fence },
  });
}

/** Puts an operation. */
export function putOperation(
  store: FleetStore,
  record: OperationRecord,
  expected: number,
  events: readonly NewEvent[] = [],
): ReturnType<FleetStore['commit']> {
  const change: OperationChange = {
    ...{ aggregate: 'operation', id: record.id, expected, record, events },
    ...{ actor: { kind: 'owner' }, fence: store.fence },
  };
  return store.commit(change);
}

/** Merges values of an instance of device number `of`. */
export function putValues(
  store: FleetStore,
  of: number,
  object: number,
  instance: number,
  resources: InstanceValues['resources'],
  events: readonly NewEvent[] = [],
): ReturnType<FleetStore['commit']> {
  const change: ValuesChange = {
    ...{ aggregate: 'values', values: { device: deviceId(of), object, instance, resources }, events },
    ...{ actor: { kind: 'device', id: deviceId(of) }, fence: store.fence },
  };
  return store.commit(change);
}
