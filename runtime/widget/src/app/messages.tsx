/** The conversation so far, with what is on its way. */
import type { Conversation } from '@usher/protocol/protocol';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useModel } from './context.ts';
import { piecesOf, type Row, rowsOf } from './rows.ts';

/** Nearer to the end than this counts as being at the end. */
const nearEnd = 40;

export function Messages({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [missed, setMissed] = useState(0);
  const entries = model.view.value.entries.filter((entry) => entry.lane === conversation.id);
  const rows = rowsOf(model.messages(conversation), entries, model.clockOffset());
  const writer = conversation.state === 'ended' ? undefined : model.writer(conversation);
  const count = rows.length;
  const before = useRef(count);
  const firstKey = rows[0]?.key;
  const firstBefore = useRef(firstKey);
  const box = useRef({ client: 0, scroll: 0 });
  const measure = (element: HTMLElement) => {
    box.current = { client: element.clientHeight, scroll: element.scrollHeight };
  };
  const ownLast = rows.at(-1)?.from === 'customer';

  useLayoutEffect(() => {
    const element = list.current;
    const more = count - before.current;
    before.current = count;
    if (!element) return;
    const grown = element.scrollHeight - box.current.scroll;
    measure(element);
    const above = firstBefore.current !== undefined && firstBefore.current !== firstKey;
    firstBefore.current = firstKey;
    if (above && more > 0) {
      // What came stands above: the line that is being read stays where it is.
      element.scrollTop += grown;
      return;
    }
    // Never by force: who has scrolled up reads on, and is told what came.
    if (atEnd.current || (more > 0 && ownLast)) element.scrollTop = element.scrollHeight;
    else if (more > 0) setMissed((n) => n + more);
  }, [count, firstKey, ownLast, writer]);

  useEffect(() => {
    const element = list.current;
    if (!element) return;
    // A keyboard on the screen, or another size of the window: the last line stays in view.
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
      measure(element);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const toEnd = () => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
    setMissed(0);
  };
  return (
    <div class="messages">
      <div
        class="scroll"
        ref={list}
        role="log"
        aria-live="off"
        aria-label={words.say('messages')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys
        tabIndex={0}
        onScroll={({ currentTarget: e }) => {
          // Another size scrolls by itself; only what a person does at the same size is meant.
          const { client, scroll } = box.current;
          if (e.clientHeight !== client || e.scrollHeight !== scroll) return;
          atEnd.current = e.scrollHeight - e.scrollTop - e.clientHeight < nearEnd;
          if (atEnd.current && missed > 0) setMissed(0);
        }}
      >
        <EarlierMessages conversation={conversation} />
        {rows.map((row) => (
          <Bubble key={row.key} row={row} conversation={conversation} />
        ))}
        {writer && (
          <p class="writer">
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            <bdi>{words.say('writing', { name: writer })}</bdi>
          </p>
        )}
      </div>
      {missed > 0 && (
        <button type="button" class="missed" onClick={toEnd}>
          {words.count('newMessages', missed)}
        </button>
      )}
    </div>
  );
}

function EarlierMessages({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const { done, busy, failed } = model.earlierOf(conversation);
  if (done) return null;
  return (
    <div class="earlier">
      {failed && <p role="alert">{words.say('earlierFailed')}</p>}
      <button
        type="button"
        class="plain"
        aria-disabled={busy}
        onClick={() => void model.loadEarlier(conversation)}
      >
        {words.say('earlier')}
      </button>
    </div>
  );
}

function Bubble({ row, conversation }: { row: Row; conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const own = row.from === 'customer';
  const agent = row.author ?? conversation.agentName ?? words.say('AnAgent');
  const who = own ? words.say('you') : row.from === 'agent' ? agent : words.say('system');
  return (
    <div class={`row ${row.from}${row.first ? ' first' : ''}`}>
      {row.first ? (
        <p class="meta">
          <bdi>{who}</bdi>{' '}
          <time dateTime={new Date(row.at).toISOString()}>{words.time(row.at)}</time>
        </p>
      ) : (
        <span class="unseen">{who}: </span>
      )}
      <p class="bubble" dir="auto">
        {piecesOf(row.text).map((piece) =>
          piece.href ? (
            <a href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
              {piece.text}
            </a>
          ) : (
            piece.text
          ),
        )}
      </p>
      {row.entry && <Fate row={row} over={conversation.state === 'ended'} />}
    </div>
  );
}

/** What becomes of a message that is not in the stream yet. */
function Fate({ row, over }: { row: Row; over: boolean }) {
  const model = useModel();
  const { words } = model;
  const { entry } = row;
  if (!entry) return null;
  if (entry.state !== 'refused') {
    const key = (
      { queued: 'queued', sending: 'sending', unknown: 'checking', sent: 'sent' } as const
    )[entry.state];
    return <p class="fate">{words.say(key)}</p>;
  }
  return (
    <div class="fate refused">
      <p>
        {words.say('notSent')} {words.error(entry.error?.code ?? '', model.limit.value)}
      </p>
      {!over && (
        <button type="button" class="plain" onClick={() => model.retry(entry.key)}>
          {words.say('retry')}
        </button>
      )}
      <button type="button" class="plain" onClick={() => model.remove(entry.key)}>
        {words.say('delete')}
      </button>
    </div>
  );
}
