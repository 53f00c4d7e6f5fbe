import type { Entry } from '@usher/protocol/outbox';
import type { Message } from '@usher/protocol/protocol';
import { describe, expect, it } from 'vitest';
import { piecesOf, rowsOf } from './rows.ts';

const message = (seq: number, more: Partial<Message> = {}): Message => ({
  seq,
  conversation: 'c',
  from: 'agent',
  author: 'Ana',
  text: `m${seq}`,
  at: seq * 1_000,
  ...more,
});
const entry = (key: number, more: Partial<Entry> = {}): Entry => ({
  key,
  lane: '',
  command: { type: 'say', text: `e${key}` },
  state: 'sending',
  cid: key,
  client: 'tab-1',
  at: 0,
  ...more,
});

describe('rows', () => {
  it('show messages, then what is on its way', () => {
    const rows = rowsOf([message(1), message(2)], [entry(1)], 5_000);
    expect(rows.map((row) => row.text)).toEqual(['m1', 'm2', 'e1']);
    expect(rows[2]?.at).toBe(5_000);
  });

  it('head a group when the sender changes or five minutes have passed', () => {
    const list = [
      message(1),
      message(2),
      message(3, { author: 'Jonas' }),
      message(4, { from: 'customer' }),
      message(5, { from: 'customer', at: 400_000 }),
    ];
    expect(rowsOf(list, [], 0).map((row) => row.first)).toEqual([true, false, true, true, true]);
  });

  it('keep the key of a message from its sending to its arrival', () => {
    const before = rowsOf([], [entry(7)], 0);
    const after = rowsOf([message(9, { from: 'customer', client: 'tab-1', cid: 7 })], [], 0);
    expect(after[0]?.key).toBe(before[0]?.key);
  });

  it('show no command that is not a message', () => {
    expect(rowsOf([], [entry(1, { command: { type: 'end' } })], 0)).toEqual([]);
  });
});

describe('addresses in a text', () => {
  it('become links, without what ends the sentence', () => {
    expect(piecesOf('See https://a.example/x?y=1. Or (http://b.example).')).toEqual([
      { text: 'See ' },
      { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' },
      { text: '. Or (' },
      { text: 'http://b.example', href: 'http://b.example' },
      { text: ').' },
    ]);
  });

  it('of other kinds stay text', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'a.example', '<b>x</b>']) {
      expect(piecesOf(text)).toEqual([{ text }]);
    }
  });
});
