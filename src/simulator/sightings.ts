/** What one simulated device saw since it was made, for the report at the end. */

import type { DeviceEvent } from './outputs.js';
import { stepName } from './script.js';
import type { Script, StepCount } from './script.js';

/** Counts of one device. */
export interface DeviceReport {
  readonly endpoint: string;
  readonly registrations: number;
  readonly updates: number;
  readonly deregistrations: number;
  /** Register, Update and De-register that were refused, and that got no answer. */
  readonly refusals: number;
  readonly unanswered: number;
  readonly reboots: number;
  /** Sends that were taken, and those that were refused or got no answer. */
  readonly sends: number;
  readonly sendsLost: number;
  /** Requests of the server that were answered, and notifications that were sent. */
  readonly requests: number;
  readonly notifications: number;
  readonly datagramsIn: number;
  readonly datagramsOut: number;
  /** Datagrams that the simulated link lost: sent by the device, and sent to it. */
  readonly lostOut: number;
  readonly lostIn: number;
  readonly retransmissions: number;
  /** Requests that came again. */
  readonly duplicates: number;
  readonly state: 'registered' | 'not registered';
  /** What came of the steps of the script that are for it, by their number from 1; empty without a script. */
  readonly steps: Readonly<Record<number, StepCount>>;
}

/** Counts what happens to one device. */
export class Sightings {
  #registrations = 0;
  #updates = 0;
  #deregistrations = 0;
  #refusals = 0;
  #unanswered = 0;
  #reboots = 0;
  #sends = 0;
  #sendsLost = 0;
  #requests = 0;
  #notifications = 0;
  #state: DeviceReport['state'] = 'not registered';

  /** Something happened to the device. */
  note(event: DeviceEvent): void {
    switch (event.type) {
      case 'registered':
        this.#registrations += 1;
        this.#state = 'registered';
        return;
      case 'updated':
        this.#updates += 1;
        return;
      case 'refused':
        this.#refusals += 1;
        if (event.operation !== 'update' || event.code >> 5 === 4) this.#state = 'not registered';
        return;
      case 'unanswered':
        this.#unanswered += 1;
        return;
      case 'deregistered':
        this.#deregistrations += 1;
        this.#state = 'not registered';
        return;
      case 'rebooting':
        this.#reboots += 1;
        this.#state = 'not registered';
        return;
      case 'sent':
        this.#sends += 1;
        return;
      case 'sendRefused':
      case 'sendUnanswered':
        this.#sendsLost += 1;
        return;
      case 'disabled':
      case 'steppedDown':
        return;
    }
  }

  /** The device answered a request of the server. */
  noteAnswer(): void {
    this.#requests += 1;
  }

  /** The device sent a notification. */
  noteNotification(): void {
    this.#notifications += 1;
  }

  /** All counts; `wire` has those of the device's stack by name, `steps` those of its script in the order of the script. */
  report(
    endpoint: string,
    wire: Readonly<Record<string, number>>,
    steps: readonly (StepCount | undefined)[],
  ): DeviceReport {
    return {
      endpoint,
      ...{ registrations: this.#registrations, updates: this.#updates, deregistrations: this.#deregistrations },
      ...{ refusals: this.#refusals, unanswered: this.#unanswered, reboots: this.#reboots },
      ...{ sends: this.#sends, sendsLost: this.#sendsLost },
      ...{ requests: this.#requests, notifications: this.#notifications },
      ...{ datagramsIn: wire['datagrams_in'] ?? 0, datagramsOut: wire['datagrams_out'] ?? 0 },
      ...{ lostOut: wire['lost_out'] ?? 0, lostIn: wire['lost_in'] ?? 0 },
      ...{ retransmissions: wire['retransmissions'] ?? 0, duplicates: wire['duplicates'] ?? 0 },
      state: this.#state,
      steps: Object.fromEntries(steps.flatMap((count, index) => (count === undefined ? [] : [[index + 1, count]]))),
    };
  }
}

/** The sums of many reports. */
export function totalOf(reports: readonly DeviceReport[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = { devices: reports.length, registered: 0 };
  for (const { endpoint: _endpoint, state, steps: _steps, ...counts } of reports) {
    if (state === 'registered') total['registered'] = (total['registered'] ?? 0) + 1;
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

/** What came of each step of a script on all devices, in the order of the script. */
export function stepTotals(
  script: Script,
  reports: readonly DeviceReport[],
): readonly (StepCount & { readonly step: string; readonly devices: number })[] {
  return script.steps.map((step, index) => {
    const counts = reports.flatMap(({ steps }) => steps[index + 1] ?? []);
    const sum = (of: keyof StepCount): number => counts.reduce((total, count) => total + count[of], 0);
    return { step: stepName(step, index), devices: counts.length, began: sum('began'), happened: sum('happened') };
  });
}
