/** Names of SenML records: base name and name put together are a path (RFC 8428 §4.5.1; LwM2M-Core 1.1.1 §7.4.4). */

import { MAX_ID } from '#lwm2m/model';
import type { Path } from '#lwm2m/model';

/** Joins names to a base name, of which each character is read once, however many names follow. */
export class NameJoiner {
  #base: NameState = BEFORE_SLASH;

  /** The base name of the names to come; it may end within a path, even within an id. */
  begin(base: string): void {
    this.#base = advance({ ids: [], id: NO_ID, stage: BEFORE_SLASH.stage }, base);
  }

  /** The path of a name behind the base name; undefined when the two are no path. */
  join(name: string): Path | undefined {
    const { ids, id, stage } = this.#base;
    const state = advance({ ids: ids.slice(), id, stage }, name);
    if (state.stage !== 'ids') return undefined;
    if (state.id === NO_ID) return state.ids.length === 0 ? state.ids : undefined;
    if (state.ids.length === 4) return undefined;
    state.ids.push(state.id);
    return state.ids;
  }
}

/** How far a path was read: its ids, and the one whose digits are being read. */
interface NameState {
  readonly ids: number[];
  id: number;
  stage: 'before the slash' | 'ids' | 'no path';
}

/** Reads more characters of a path, as tryParsePath of the model does. */
function advance(state: NameState, text: string): NameState {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (state.stage === 'ids' && code >= ZERO && code <= NINE) {
      state.id = state.id === NO_ID ? code - ZERO : state.id === 0 ? BEYOND : state.id * 10 + code - ZERO;
      if (state.id > MAX_ID) state.stage = 'no path';
    } else if (code !== SLASH || state.stage === 'no path') {
      state.stage = 'no path';
      return state;
    } else if (state.stage === 'before the slash') {
      state.stage = 'ids';
    } else if (state.id === NO_ID || state.ids.length === 4) {
      state.stage = 'no path';
    } else {
      state.ids.push(state.id);
      state.id = NO_ID;
    }
  }
  return state;
}

const NO_ID = -1;
const BEYOND = MAX_ID + 1;
const BEFORE_SLASH: NameState = { ids: [], id: NO_ID, stage: 'before the slash' };
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
