/**
 * Values of any objects that arrive one by one with their paths and times → one object node for each object and time, in the
 * order they came up. What a Send carries (LwM2M-Core 1.1.1 §6.4.6) asks for no path.
 */

import { DecodeError } from '#base';
import type { ModelView, Path, PlacedNode } from '#lwm2m/model';
import { TreeBuilder } from './tree.js';
import type { WireValue } from './wire.js';

interface Tree {
  readonly object: number;
  readonly time: number | undefined;
  readonly builder: TreeBuilder;
}

/** Builds the object nodes of one payload. */
export class Forest {
  readonly #model: ModelView;
  readonly #byTime = new Map<number | undefined, Map<number, TreeBuilder>>();
  readonly #trees: Tree[] = [];

  constructor(model: ModelView) {
    this.#model = model;
  }

  /** Adds a value; `time` in Unix seconds, undefined: none was given. Throws DecodeError as TreeBuilder does. */
  add(time: number | undefined, path: Path, wire: WireValue): void {
    this.#at(time, path).add(path, wire);
  }

  /** An instance, or a multiple resource, that is there without content. Throws DecodeError. */
  addEmpty(time: number | undefined, path: Path): void {
    this.#at(time, path).addEmpty(path);
  }

  /** The nodes. */
  finish(): PlacedNode[] {
    return this.#trees.map(({ object, time, builder }) => {
      const placed = { path: [object], node: builder.finish() };
      return time === undefined ? placed : { ...placed, time };
    });
  }

  #at(time: number | undefined, path: Path): TreeBuilder {
    const object = path[0];
    if (object === undefined) throw new DecodeError('bad_path', 'a value at the root');
    let objects = this.#byTime.get(time);
    if (objects === undefined) this.#byTime.set(time, (objects = new Map<number, TreeBuilder>()));
    let builder = objects.get(object);
    if (builder === undefined) {
      builder = new TreeBuilder([object], this.#model);
      objects.set(object, builder);
      this.#trees.push({ object, time, builder });
    }
    return builder;
  }
}
