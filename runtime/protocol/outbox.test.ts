import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { memoryStore } from './env.ts';
import { FakeEnv, FakeWires } from './fake.ts';
import { CommandDropped, CommandRefused, Outbox } from './outbox.ts';
import type { Command, Message } from './protocol.ts';
import { newClient, Tab } from './tab.ts';

let env: FakeEnv;
let store: ReturnType<typeof memoryStore>;
let wires: FakeWires;
let leave: () => void;
let sent: Command[];
let connected: boolean;
let tab: Tab;
let outbox: Outbox;

async function claim(): Promise<Tab> {
  const claimed = Tab.claim({
    store,
    scope: 'test',
    env,
    wire: wires.open,
    onLeave: (run) => {
      leave = run;
    },
  });
  env.pass(200);
  return claimed;
}

function make(): Outbox {
  return new Outbox({
    tab,
    env,
    transmit: (command) => {
      if (connected) sent.push(command);
      return connected;
    },
    onChange: () => {},
  });
}

beforeEach(async () => {
  env = new FakeEnv();
  store = memoryStore();
  wires = new FakeWires();
  sent = [];
  connected = true;
  tab = await claim();
  outbox = make();
});

const say = (text: string): Command => ({ type: 'say', text });
const states = () => outbox.entries().map((entry) => entry.state);
const ack = (cid: number, seq = 100) => outbox.acked({ type: 'ack', cid, seq });
const refuse = (cid: number, code: string, retryAfterMs?: number) =>
  outbox.refused({
    type: 'refused',
    cid,
    error: { code, message: code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
const message = (cid: number, client = tab.client): Message => ({
  seq: 100 + cid,
  conversation: 'c',
  from: 'customer',
  text: '',
  at: 0,
  client,
  cid,
});

describe('a message', () => {
  it('goes out one at a time in its lane, in order', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'x');
    outbox.post(say('other lane'), 'y');
    expect(sent.map((c) => [c.cid, c.text])).toEqual([
      [1, 'a'],
      [2, 'other lane'],
    ]);
    expect(states()).toEqual(['sending', 'queued', 'sending']);
    ack(1);
    expect(sent.at(-1)).toMatchObject({ cid: 3, text: 'b' });
  });

  it('stays as sent until it is seen in the stream, whichever comes first', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    ack(1);
    expect(states()).toEqual(['sent']);
    outbox.seen(message(1));
    expect(states()).toEqual([]);
    outbox.post(say('b'), 'x');
    outbox.seen(message(2));
    expect(states()).toEqual([]);
    ack(2);
    expect(states()).toEqual([]);
  });

  it('is gone when the stream has passed its sequence', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    ack(1, 7);
    outbox.settle(6);
    expect(states()).toEqual(['sent']);
    outbox.settle(7);
    expect(states()).toEqual([]);
  });

  it('without an answer in 10 s is unknown, and sent again with the same number', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    env.pass(9_999);
    expect(states()).toEqual(['sending']);
    env.pass(1);
    expect(states()).toEqual(['unknown']);
    expect(sent.map((c) => c.cid)).toEqual([1, 1]);
    ack(1);
    expect(states()).toEqual(['sent']);
  });

  it('is unknown 10 s after a loss too, without being sent', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.offline();
    connected = false;
    env.pass(60_000);
    expect(states()).toEqual(['unknown']);
    expect(sent.length).toBe(1);
    expect(env.timerCount()).toBe(0);
  });

  it('written without a connection waits for one', () => {
    outbox.post(say('a'), 'x');
    env.pass(60_000);
    expect(states()).toEqual(['queued']);
    outbox.online();
    expect(sent).toEqual([{ type: 'say', text: 'a', cid: 1 }]);
  });

  it('after a reconnect is not sent again if it was seen, else with the same number', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'y');
    outbox.offline();
    outbox.seen(message(1));
    outbox.online();
    expect(sent.map((c) => c.cid)).toEqual([1, 2, 2]);
  });
});

describe('a refusal', () => {
  it('keeps the row with its reason, lets the lane go on, and a retry is a new command', () => {
    outbox.online();
    const key = outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'x');
    refuse(1, 'text_invalid');
    expect(states()).toEqual(['refused', 'sending']);
    expect(outbox.entries()[0]?.error?.code).toBe('text_invalid');
    ack(2);
    outbox.retry(key);
    expect(sent.at(-1)).toMatchObject({ cid: 3, text: 'a' });
    expect(outbox.entries().find((entry) => entry.key === key)?.error).toBeUndefined();
  });

  it('can be deleted, a message under way cannot', () => {
    outbox.online();
    const key = outbox.post(say('a'), 'x');
    expect(outbox.remove(key)).toBe(false);
    refuse(1, 'text_invalid');
    expect(outbox.remove(key)).toBe(true);
    expect(states()).toEqual([]);
  });

  it('that passes is waited out, before anything else of the lane', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'x');
    refuse(1, 'unavailable', 2_500);
    expect(states()).toEqual(['queued', 'queued']);
    env.pass(2_499);
    expect(sent.length).toBe(1);
    env.pass(1);
    expect(sent.map((c) => [c.cid, c.text])).toEqual([
      [1, 'a'],
      [1, 'a'],
    ]);
  });

  it('that passes says why it waits, until it has its answer', async () => {
    outbox.online();
    const asked = outbox.ask({ type: 'join' }, '');
    refuse(1, 'overloaded', 2_500);
    expect(outbox.entries()[0]?.passing?.code).toBe('overloaded');
    env.pass(2_500);
    expect(sent.map((c) => c.cid)).toEqual([1, 1]);
    expect(outbox.entries()[0]?.passing?.code).toBe('overloaded');
    outbox.acked({ type: 'ack', cid: 1, seq: 9 });
    await asked;
    expect(outbox.entries()).toEqual([]);
  });

  it('as out of order gets a new number at the same place', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'x');
    refuse(1, 'out_of_order');
    expect(sent.map((c) => [c.cid, c.text])).toEqual([
      [1, 'a'],
      [2, 'a'],
    ]);
  });

  it('rejects what was asked, with the error', async () => {
    outbox.online();
    const asked = outbox.ask({ type: 'pick', queue: 'q' }, 'q');
    refuse(1, 'queue_empty');
    await expect(asked).rejects.toBeInstanceOf(CommandRefused);
    await expect(asked).rejects.toMatchObject({ error: { code: 'queue_empty' } });
    expect(states()).toEqual([]);
  });

  it('by closing the socket counts for the frame sent last', () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('huge'), 'y');
    outbox.badFrame();
    expect(outbox.entries().map((e) => [e.command.text, e.state])).toEqual([
      ['a', 'sending'],
      ['huge', 'refused'],
    ]);
  });
});

describe('what is asked', () => {
  it('is answered by the ack', async () => {
    outbox.online();
    const asked = outbox.ask({ type: 'pick' }, '');
    outbox.acked({ type: 'ack', cid: 1, seq: 5, conversation: 'c9' });
    await expect(asked).resolves.toMatchObject({ conversation: 'c9' });
  });

  it('is rejected when everything is forgotten', async () => {
    const asked = outbox.ask({ type: 'pick' }, '');
    outbox.clear();
    await expect(asked).rejects.toBeInstanceOf(CommandDropped);
  });
});

describe('a reload', () => {
  it('keeps the client, goes on with its numbers, and sends what had no answer', async () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    outbox.post(say('b'), 'x');
    void outbox.ask({ type: 'end' }, 'z').catch(() => {});
    leave();
    const before = tab.client;
    tab = await claim();
    outbox = make();
    expect(tab.client).toBe(before);
    expect(states()).toEqual(['unknown', 'queued']);
    sent = [];
    outbox.online();
    expect(sent.map((c) => [c.cid, c.text])).toEqual([[1, 'a']]);
    ack(1);
    expect(sent.at(-1)).toMatchObject({ cid: 3, text: 'b' });
  });

  it('keeps a refused message with its reason', async () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    refuse(1, 'text_invalid');
    leave();
    tab = await claim();
    outbox = make();
    expect(states()).toEqual(['refused']);
    outbox.online();
    expect(sent.length).toBe(1);
  });

  it('in a copy of the tab begins anew: other id, no messages', async () => {
    outbox.online();
    outbox.post(say('a'), 'x');
    const copy = await claim();
    expect(copy.client).not.toBe(tab.client);
    expect(copy.entries()).toEqual([]);
  });

  it('after a crash takes another id, and sends only what did not arrive', async () => {
    outbox.online();
    outbox.post(say('arrived'), 'x');
    outbox.post(say('lost'), 'y');
    const dead = tab.client;
    wires = new FakeWires();
    tab = await claim();
    outbox = make();
    expect(tab.client).not.toBe(dead);
    outbox.seen(message(1, dead));
    sent = [];
    outbox.online();
    expect(sent).toEqual([{ type: 'say', text: 'lost', cid: 1 }]);
  });

  it('works without a store that keeps anything', async () => {
    store = {
      getItem: () => {
        throw new Error('forbidden');
      },
      setItem: () => {
        throw new Error('full');
      },
      removeItem: () => {},
    };
    tab = await claim();
    outbox = make();
    outbox.online();
    outbox.post(say('a'), 'x');
    expect(sent.length).toBe(1);
  });
});

describe('client ids', () => {
  it('are of the allowed alphabet and length, without randomUUID', () => {
    const id = newClient((bytes) => bytes.fill(255));
    expect(id).toBe(`tab-${'f'.repeat(32)}`);
    expect(newClient()).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
  });
});

describe('against a server that loses frames, answers and itself', () => {
  /** What the server keeps: numbers per client, and the texts in order per lane. */
  class Server {
    readonly taken: string[] = [];
    private readonly numbers = new Map<string, number>();
    private highest = 0;

    take(client: string, command: Command): 'ack' | 'out_of_order' {
      const cid = command.cid ?? 0;
      const key = `${client}/${cid}`;
      if (this.numbers.has(key)) return 'ack';
      if (cid < this.highest) return 'out_of_order';
      this.highest = cid;
      this.numbers.set(key, cid);
      this.taken.push(command.text ?? '');
      return 'ack';
    }
  }

  const fault = fc.constantFrom('ok', 'lostFrame', 'lostAnswer', 'disconnect', 'busy', 'pass');

  it('each message is taken once, and those of a lane in order', () => {
    fc.assert(
      fc.property(
        fc.array(fault, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (faults, n) => {
          const server = new Server();
          sent = [];
          connected = true;
          outbox.clear();
          outbox.online();
          // The numbers of this tab rise through all runs; the server is new, which it cannot tell.
          for (let i = 0; i < n; i++) outbox.post(say(`${i % 2}:${i}`), `lane${i % 2}`);
          const script = [...faults];
          for (
            let step = 0;
            step < 400 && outbox.entries().some((e) => e.state !== 'sent');
            step++
          ) {
            const what = script.shift() ?? 'ok';
            if (what === 'disconnect') {
              outbox.offline();
              sent = [];
              outbox.online();
              continue;
            }
            const command = sent.shift();
            if (what === 'pass' || !command) env.pass(3_000);
            if (!command || what === 'lostFrame') continue;
            if (what === 'busy') {
              refuse(command.cid ?? 0, 'rate_limited', 500);
              continue;
            }
            const said = server.take(tab.client, command);
            if (what === 'lostAnswer') continue;
            if (said === 'ack') ack(command.cid ?? 0);
            else refuse(command.cid ?? 0, 'out_of_order');
          }
          const lane = (k: number) => server.taken.filter((text) => text.startsWith(`${k}:`));
          const want = (k: number) =>
            Array.from({ length: n }, (_, i) => i)
              .filter((i) => i % 2 === k)
              .map((i) => `${k}:${i}`);
          expect(lane(0)).toEqual(want(0));
          expect(lane(1)).toEqual(want(1));
        },
      ),
      { numRuns: 300 },
    );
  });
});
