import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  closeCode,
  maxFrameBytes,
  parseFrame,
  runeCount,
  type ServerFrame,
  type Snapshot,
  type Update,
} from './protocol.ts';
import { emptyState, gap, reduce } from './reduce.ts';

interface Golden {
  server: ServerFrame[];
  closeCodes: Record<string, number>;
}
/** Written by the Go test of this folder from the Go structs. */
const golden = JSON.parse(
  readFileSync(new URL('testdata/frames.json', import.meta.url), 'utf8'),
) as Golden;

describe('the frames that Go writes', () => {
  it('are read, each with its type', () => {
    for (const frame of golden.server) {
      expect(parseFrame(JSON.stringify(frame))).toEqual(frame);
    }
    expect(new Set(golden.server.map((frame) => frame.type))).toEqual(
      new Set([
        'welcome',
        'snapshot',
        'update',
        'ack',
        'refused',
        'error',
        'ping',
        'goaway',
        'typing',
      ]),
    );
  });

  it('are applied whole: nothing in them is unknown', () => {
    let state = emptyState;
    for (const frame of golden.server) {
      if (frame.type !== 'snapshot' && frame.type !== 'update') continue;
      const next = reduce(state, frame as Snapshot | Update);
      if (next === gap) throw new Error(`gap at ${JSON.stringify(frame)}`);
      state = next;
    }
    expect(state.outdated).toBe(false);
    expect(state.loaded).toBe(true);
    expect(state.queues.size).toBeGreaterThan(0);
    expect(state.messages.size).toBeGreaterThan(0);
    expect(state.channel?.name).toBe('web');
  });

  it('close with the same codes', () => {
    expect(Object.values(closeCode).sort()).toEqual(Object.values(golden.closeCodes).sort());
  });
});

describe('reading a frame', () => {
  it.each(['', 'null', '[]', '{}', '{"type":1}', '{', '"x"'])('passes over %j', (text) => {
    expect(parseFrame(text)).toBeUndefined();
  });
  it('passes over what is not text', () => {
    expect(parseFrame(new ArrayBuffer(2))).toBeUndefined();
  });
});

describe('limits', () => {
  it('count characters as the server does', () => {
    expect(runeCount('häst')).toBe(4);
    expect(runeCount('👍🏽')).toBe(2);
    expect(runeCount('')).toBe(0);
  });
  it('leave room for the longest message in a frame', () => {
    const longest = JSON.stringify({ type: 'say', cid: 1e15, text: '👍'.repeat(4000) });
    expect(new TextEncoder().encode(longest).length).toBeLessThan(maxFrameBytes);
  });
});
