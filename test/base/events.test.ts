/** The emitter: order of listeners, taking off, and what happens when either changes while an event is handed round. */

import { describe, expect, it } from '@jest/globals';

import { Emitter } from '#base';

type Happening = { readonly type: 'opened'; readonly name: string } | { readonly type: 'closed' };

describe('Emitter', () => {
  it('hands each event to every listener, in the order they were added', () => {
    const emitter = new Emitter<Happening>();
    const seen: string[] = [];
    emitter.on((event) => seen.push(`first ${event.type}`));
    emitter.on((event) => seen.push(`second ${event.type === 'opened' ? event.name : '-'}`));
    emitter.emit({ type: 'opened', name: 'x' });
    emitter.emit({ type: 'closed' });
    expect(seen).toEqual(['first opened', 'second x', 'first closed', 'second -']);
  });

  it('hands nothing to a listener that was taken off, twice being as once', () => {
    const emitter = new Emitter<Happening>();
    const seen: string[] = [];
    const off = emitter.on(() => seen.push('a'));
    emitter.on(() => seen.push('b'));
    off();
    off();
    emitter.emit({ type: 'closed' });
    expect(seen).toEqual(['b']);
  });

  it('lets a listener take itself off while an event is handed round', () => {
    const emitter = new Emitter<Happening>();
    const seen: string[] = [];
    const off = emitter.on(() => {
      seen.push('once');
      off();
    });
    emitter.on(() => seen.push('always'));
    emitter.emit({ type: 'closed' });
    emitter.emit({ type: 'closed' });
    expect(seen).toEqual(['once', 'always', 'always']);
  });

  it('hands an event to those who listened when it was emitted', () => {
    const emitter = new Emitter<Happening>();
    const seen: string[] = [];
    emitter.on(() => {
      seen.push('old');
      emitter.on(() => seen.push('new'));
    });
    emitter.emit({ type: 'closed' });
    expect(seen).toEqual(['old']);
  });

  it('may have no listener', () => {
    expect(() => new Emitter<Happening>().emit({ type: 'closed' })).not.toThrow();
  });
});
