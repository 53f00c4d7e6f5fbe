/** What stands between header and content: the connection, and the question before an end. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useModel } from './context.ts';
import { IconAlert } from './icons.tsx';

/** A loss shorter than this is not worth a bar. */
const barAfter = 2_000;

/** Tells that the connection is lost, what is kept, and when it is tried again. */
export function ConnectionBar() {
  const model = useModel();
  const { words } = model;
  const { connection } = model.view.value;
  const now = model.now.value;
  const since = useRef<number | undefined>(undefined);
  const down =
    connection.phase !== 'live' && connection.phase !== 'stopped' && connection.phase !== 'idle';
  if (!down) since.current = undefined;
  else since.current ??= connection.lostAt ?? now;
  const shown = down && since.current !== undefined && now - since.current >= barAfter;
  const text =
    connection.lostAt === undefined
      ? words.say('unreachable')
      : words.say('lost', { time: words.time(connection.lostAt) });
  useEffect(() => {
    if (shown) model.tellLost(text);
  }, [shown, text, model]);
  if (!shown) return null;

  const seconds = Math.max(0, Math.ceil(((connection.retryAt ?? 0) - now) / 1_000));
  return (
    <div class="bar">
      <IconAlert />
      <p>
        {text}{' '}
        <span class="bar-count">
          {connection.phase === 'waiting' && seconds > 0
            ? words.count('retryIn', seconds)
            : words.say('retrying')}
        </span>
      </p>
      <button type="button" class="plain" onClick={() => model.retryNow()}>
        {words.say('tryNow')}
      </button>
    </div>
  );
}

/** The button that leaves or ends, and its question: one press never ends anything. */
export function Ending({ kind }: { kind: 'leave' | 'end' }) {
  const model = useModel();
  const { words } = model;
  const ask = useRef<HTMLButtonElement>(null);
  const stay = useRef<HTMLButtonElement>(null);
  const asked = model.asking.value;
  const before = useRef(asked);
  // With the change itself: were the focus nowhere for a moment, the next screen would not take it.
  useLayoutEffect(() => {
    if (asked && !before.current) stay.current?.focus();
    if (!asked && before.current) ask.current?.focus();
    before.current = asked;
  }, [asked]);

  if (!asked) {
    return (
      <button
        type="button"
        class="plain"
        ref={ask}
        onClick={() => {
          model.asking.value = true;
        }}
      >
        {words.say(kind)}
      </button>
    );
  }
  const question = words.say(kind === 'leave' ? 'leaveAsk' : 'endAsk');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a form's looks and role
    <div class="ask" role="group" aria-label={question}>
      <p>{question}</p>
      <div>
        <button
          type="button"
          class="danger"
          aria-disabled={model.ending.value}
          onClick={() => void model.end()}
        >
          {words.say(kind === 'leave' ? 'leaveYes' : 'endYes')}
        </button>
        <button
          type="button"
          class="plain"
          ref={stay}
          onClick={() => {
            model.asking.value = false;
          }}
        >
          {words.say(kind === 'leave' ? 'stay' : 'keepGoing')}
        </button>
      </div>
    </div>
  );
}

/** The two voices; a new element for each sentence, so that the same one is read twice too. */
export function Voices() {
  const { announcer } = useModel();
  const polite = announcer.polite.value;
  const assertive = announcer.assertive.value;
  return (
    <>
      <div class="unseen" role="status" aria-live="polite">
        {polite.text && <p key={polite.id}>{polite.text}</p>}
      </div>
      <div class="unseen" role="alert" aria-live="assertive">
        {assertive.text && <p key={assertive.id}>{assertive.text}</p>}
      </div>
    </>
  );
}
