/** One component for each screen; which one is shown is decided in screen.ts. */
import type { Channel } from '@usher/protocol/protocol';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { HaveKey, LinkProblem, StartForm } from './begin.tsx';
import { useModel } from './context.ts';
import { IconAlert, IconAway, IconClock, IconClosed, IconPeople } from './icons.tsx';
import { ContactForm, ContactSent } from './message-form.tsx';
import type { Failure, Screen } from './screen.ts';
import { Ended, Inactive, Talk } from './talk.tsx';
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
      return <StartForm channel={screen.channel} way={screen.way} />;
    case 'contact':
      return <ContactSent contact={screen.contact} conversation={screen.conversation} />;
    case 'inactive':
      return <Inactive conversation={screen.conversation} />;
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
  const heading = unavailableHeading(words, channel, model.serverNow());
  if (channel.whenUnavailable === 'ContactForm') {
    return <ContactForm channel={channel} heading={heading} />;
  }
  const own = channel.message && (
    <p class="own" dir="auto">
      {channel.message}
    </p>
  );
  const [icon, text] = {
    busy: [<IconClock />, 'busyText'] as const,
    offline: [<IconAway />, 'offlineText'] as const,
    full: [<IconPeople />, 'fullText'] as const,
    closed: [<IconClosed />, 'closedText'] as const,
  }[whyOf(channel)];
  const closed = whyOf(channel) === 'closed';
  return (
    <Notice icon={icon} tone={closed ? 'closed' : 'quiet'} heading={heading}>
      <LinkProblem channel={channel} />
      {own}
      {!(closed && own) && <p>{words.say(text)}</p>}
      {!closed && <p class="hint">{words.say('staysOpen')}</p>}
      <HaveKey channel={channel} />
    </Notice>
  );
}

type Why = 'busy' | 'offline' | 'full' | 'closed';

function whyOf({ availability }: Channel): Why {
  return availability === 'busy' || availability === 'offline' || availability === 'full'
    ? availability
    : 'closed';
}

function unavailableHeading(words: Words, channel: Channel, now: number): string {
  const why = whyOf(channel);
  if (why !== 'closed') return words.say(why);
  if (!channel.opensAt) return words.say('closed');
  return words.say('closedOpens', { when: words.opens(channel.opensAt, now, channel.timeZone) });
}
