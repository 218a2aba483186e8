/** Counters and gauges of all parts as Prometheus text, read when asked for. */

import { Counter, Gauge, Registry } from 'prom-client';

/** Values by name, without prefix. */
export interface Samples {
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
}

/** Renders samples under `bellwether_…`. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #samples: () => Samples;
  readonly #counters = new Map<string, { metric: Counter; seen: number }>();
  readonly #gauges = new Map<string, Gauge>();

  constructor(samples: () => Samples) {
    this.#samples = samples;
  }

  /** The text and its content type. */
  async render(): Promise<{ type: string; text: string }> {
    const { counters, gauges } = this.#samples();
    for (const [name, value] of Object.entries(counters)) this.#raise(name, value);
    for (const [name, value] of Object.entries(gauges)) this.#gauge(name).set(value);
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #raise(name: string, value: number): void {
    let known = this.#counters.get(name);
    if (known === undefined) {
      const full = `bellwether_${name}_total`;
      known = { metric: new Counter({ name: full, help: words(name), registers: [this.#registry] }), seen: 0 };
      this.#counters.set(name, known);
    }
    if (value > known.seen) known.metric.inc(value - known.seen);
    known.seen = Math.max(known.seen, value);
  }

  #gauge(name: string): Gauge {
    let known = this.#gauges.get(name);
    if (known === undefined) {
      known = new Gauge({ name: `bellwether_${name}`, help: words(name), registers: [this.#registry] });
      this.#gauges.set(name, known);
    }
    return known;
  }
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}
