/** One component for each screen; which one is shown is decided in screen.ts. */
import type { Channel, Conversation } from '@usher/protocol/protocol';
import { maxNameRunes, runeCount } from '@usher/protocol/protocol';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Composer } from './composer.tsx';
import { useModel } from './context.ts';
import { IconAlert, IconAway, IconClock, IconClosed, IconDone, IconPeople } from './icons.tsx';
import { Messages } from './messages.tsx';
import { Ending } from './notices.tsx';
import type { Failure, Screen } from './screen.ts';
import type { Words } from './words.ts';

/** Nothing is shown for this long, so that a fast answer does not flicker. */
const skeletonAfter = 150;

export function ScreenView({ screen }: { screen: Screen }) {
  switch (screen.name) {
    case 'loading':
      return <Loading />;
    case 'failed':
      return <Failed why={screen.why} />;
    case 'unavailable':
      return <Unavailable channel={screen.channel} />;
    case 'form':
      return <StartForm channel={screen.channel} />;
    case 'waiting':
    case 'chat':
      return <Talk conversation={screen.conversation} />;
    case 'ended':
      return <Ended conversation={screen.conversation} />;
  }
}

function Loading() {
  const { words } = useModel();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), skeletonAfter);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="body" aria-busy="true">
      {shown && (
        <>
          <p class="unseen">{words.say('loading')}</p>
          <div class="skeleton" aria-hidden="true">
            <i />
            <i />
            <i />
          </div>
        </>
      )}
    </div>
  );
}

function Notice(props: {
  icon: ComponentChildren;
  tone: 'closed' | 'quiet' | 'bad';
  heading: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="body centre">
      <span class={`badge ${props.tone}`}>{props.icon}</span>
      <h2 tabIndex={-1} data-focus>
        {props.heading}
      </h2>
      {props.children}
    </div>
  );
}

function Failed({ why }: { why: Failure }) {
  const model = useModel();
  const { words } = model;
  const texts = {
    missing: 'failedMissing',
    refused: 'failedRefused',
    unreachable: 'failedUnreachable',
    version: 'failedVersion',
    session: 'failedSession',
  } as const;
  return (
    <Notice icon={<IconAlert />} tone="bad" heading={words.say('failed')}>
      <p>{words.say(texts[why])}</p>
      {why === 'version' && (
        <button type="button" class="primary" onClick={() => location.reload()}>
          {words.say('reload')}
        </button>
      )}
      {why === 'session' && (
        <button type="button" class="primary" onClick={() => model.startAgain()}>
          {words.say('again')}
        </button>
      )}
      {why === 'unreachable' && (
        <button type="button" class="primary" onClick={() => void model.reloadConfig()}>
          {words.say('retry')}
        </button>
      )}
    </Notice>
  );
}

function Unavailable({ channel }: { channel: Channel }) {
  const model = useModel();
  const { words } = model;
  const own = channel.message && (
    <p class="own" dir="auto">
      {channel.message}
    </p>
  );
  const stays = <p class="hint">{words.say('staysOpen')}</p>;
  switch (channel.availability) {
    case 'busy':
      return (
        <Notice icon={<IconClock />} tone="quiet" heading={words.say('busy')}>
          {own}
          <p>{words.say('busyText')}</p>
          {stays}
        </Notice>
      );
    case 'offline':
      return (
        <Notice icon={<IconAway />} tone="quiet" heading={words.say('offline')}>
          {own}
          <p>{words.say('offlineText')}</p>
          {stays}
        </Notice>
      );
    case 'full':
      return (
        <Notice icon={<IconPeople />} tone="quiet" heading={words.say('full')}>
          {own}
          <p>{words.say('fullText')}</p>
          {stays}
        </Notice>
      );
    default:
      return (
        <Notice
          icon={<IconClosed />}
          tone="closed"
          heading={closedText(words, channel, model.serverNow())}
        >
          {own || <p>{words.say('closedText')}</p>}
        </Notice>
      );
  }
}

function closedText(words: Words, channel: Channel, now: number): string {
  if (!channel.opensAt) return words.say('closed');
  return words.say('closedOpens', { when: words.opens(channel.opensAt, now, channel.timeZone) });
}

function availabilityText(words: Words, channel: Channel): string {
  if (channel.availability === 'available') return words.say('availableNow');
  return channel.waiting > 0 ? words.count('queueNow', channel.waiting) : words.say('queueEmpty');
}

function StartForm({ channel }: { channel: Channel }) {
  const model = useModel();
  const { words } = model;
  const { name, text } = model.form.value;
  const limit = model.limit.value;
  const over = runeCount(text.trim()) - limit;
  const joining = model.joining.value;
  return (
    <form
      class="body start"
      onSubmit={(event) => {
        event.preventDefault();
        if (over <= 0) void model.join();
      }}
    >
      <h2 tabIndex={-1}>{words.say('startHeading')}</h2>
      {channel.greeting && (
        <p class="greeting" dir="auto">
          {channel.greeting}
        </p>
      )}
      <p class="available">
        <span
          class={channel.availability === 'available' ? 'dot free' : 'dot queue'}
          aria-hidden="true"
        />
        {availabilityText(words, channel)}
      </p>
      <label for="usher-name">
        {words.say('name')} <span class="optional">({words.say('optional')})</span>
      </label>
      <input
        id="usher-name"
        data-focus
        type="text"
        dir="auto"
        autocomplete="name"
        maxLength={maxNameRunes}
        value={name}
        onInput={(event) => {
          model.form.value = { ...model.form.value, name: event.currentTarget.value };
        }}
      />
      <label for="usher-question">
        {words.say('question')} <span class="optional">({words.say('optional')})</span>
      </label>
      <textarea
        id="usher-question"
        rows={4}
        dir="auto"
        value={text}
        aria-invalid={over > 0}
        aria-describedby={over > 0 ? 'usher-over' : undefined}
        onInput={(event) => {
          model.form.value = { ...model.form.value, text: event.currentTarget.value };
        }}
      />
      {over > 0 && (
        <p id="usher-over" class="count over" role="status">
          {words.count('over', over)}
        </p>
      )}
      {model.joinError.value && (
        <p class="problem" role="alert">
          <IconAlert /> {model.joinError.value}
        </p>
      )}
      <button type="submit" class="primary" aria-disabled={joining || over > 0}>
        {words.say(joining ? 'starting' : 'start')}
      </button>
    </form>
  );
}

/** Waiting and being served: one screen, so that what is being written stays as it is. */
function Talk({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const served = conversation.state === 'inService';
  const unsent = model.view.value.entries.some((entry) => entry.lane === conversation.id);
  const empty = !unsent && model.messages(conversation).length === 0;
  return (
    <>
      {served ? <Served conversation={conversation} /> : <Place conversation={conversation} />}
      {!served && empty && <p class="hint meanwhile">{words.say('writeMeanwhile')}</p>}
      <Messages conversation={conversation} />
      <Composer />
    </>
  );
}

function Place({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const text = model.placeText(conversation);
  const count = conversation.waiting ?? 0;
  return (
    <section class="strip" aria-label={text}>
      {conversation.place !== undefined && (
        <span class="place" aria-hidden="true">
          {conversation.place}
        </span>
      )}
      <div>
        <h2 tabIndex={-1}>{text}</h2>
        {conversation.returned ? (
          <p>{words.say(conversation.returned === 'lost' ? 'returnedLost' : 'returned')}</p>
        ) : (
          count > 1 && <p>{words.count('waitingCount', count)}</p>
        )}
      </div>
      <Ending kind="leave" />
    </section>
  );
}

function Served({ conversation }: { conversation: Conversation }) {
  const { words } = useModel();
  const name = conversation.agentName ?? words.say('anAgent');
  return (
    <section class="strip" aria-label={words.say('withAgent', { name })}>
      <span class="face" aria-hidden="true">
        {[...name][0]?.toUpperCase()}
      </span>
      <div>
        <h2 tabIndex={-1}>
          <bdi>{words.say('withAgent', { name })}</bdi>
        </h2>
        {!conversation.online && <p>{words.say('agentAway', { name })}</p>}
      </div>
      <Ending kind="end" />
    </section>
  );
}

function Ended({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const some = model.messages(conversation).length > 0;
  return (
    <>
      {some && <Messages conversation={conversation} />}
      <section class={some ? 'over-strip' : 'over-strip alone'} aria-label={words.say('ended')}>
        <span class="badge quiet">
          <IconDone />
        </span>
        <h2 tabIndex={-1} data-focus>
          {words.say('ended')}
        </h2>
        <p>{endedText(words, conversation)}</p>
        <button type="button" class="primary" onClick={() => model.startAgain()}>
          {words.say('again')}
        </button>
      </section>
    </>
  );
}

function endedText(words: Words, conversation: Conversation): string {
  switch (conversation.endedBy) {
    case 'left':
      return words.say('endedLeft');
    case 'customer':
      return words.say(conversation.startedAt ? 'endedCustomer' : 'endedLeft');
    case 'agent':
      return words.say('endedAgent', { name: conversation.agentName ?? words.say('AnAgent') });
    case 'idle':
      return words.say('endedIdle');
    case 'abandoned':
      return words.say('endedAbandoned');
    default:
      return words.say('endedRemoved');
  }
}
