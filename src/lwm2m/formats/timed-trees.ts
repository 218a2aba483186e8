/** Values that arrive one by one with their paths and times → one node for each time, in the order the times came up. */

import type { ModelView, Path, PlacedNode } from '#lwm2m/model';
import { TreeBuilder } from './tree.js';
import type { WireValue } from './wire.js';

/** Builds the nodes of one payload. */
export class TimedTrees {
  readonly #target: Path;
  readonly #model: ModelView;
  readonly #builders = new Map<number | undefined, TreeBuilder>();
  #builder: TreeBuilder | undefined;
  #time: number | undefined;

  /** `target` is the path that was asked for, one to four ids. */
  constructor(target: Path, model: ModelView) {
    this.#target = target;
    this.#model = model;
  }

  /** Adds a value; `time` in Unix seconds, undefined: none was given. Throws DecodeError as TreeBuilder does. */
  add(time: number | undefined, path: Path, wire: WireValue): void {
    this.#at(time).add(path, wire);
  }

  /** The nodes. Throws DecodeError(`no_value`). */
  finish(): PlacedNode[] {
    const path = this.#target;
    if (this.#builders.size === 0) return [{ path, node: new TreeBuilder(path, this.#model).finish() }];
    const nodes: PlacedNode[] = [];
    for (const [time, builder] of this.#builders) {
      const node = builder.finish();
      nodes.push(time === undefined ? { path, node } : { path, node, time });
    }
    return nodes;
  }

  #at(time: number | undefined): TreeBuilder {
    if (this.#builder !== undefined && this.#time === time) return this.#builder;
    let builder = this.#builders.get(time);
    if (builder === undefined) {
      builder = new TreeBuilder(this.#target, this.#model);
      this.#builders.set(time, builder);
    }
    this.#builder = builder;
    this.#time = time;
    return builder;
  }
}
