/** A conversation: waiting, being served, left behind, and over. */
import type { Conversation } from '@usher/protocol/protocol';
import { Composer } from './composer.tsx';
import { useModel } from './context.ts';
import { IconClock, IconDone } from './icons.tsx';
import { Messages } from './messages.tsx';
import { Ending } from './notices.tsx';
import type { Key, Words } from './words.ts';

/** Waiting and being served: one screen, so that what is being written stays as it is. */
export function Talk({ conversation }: { conversation: Conversation }) {
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
  const handed = model.handedText(conversation);
  return (
    <section class="strip" aria-label={text}>
      {conversation.place !== undefined && (
        <span class="place" aria-hidden="true">
          {conversation.place}
        </span>
      )}
      <div>
        <h2 tabIndex={-1}>{text}</h2>
        {handed && (
          <p>
            <bdi>{handed}</bdi>
          </p>
        )}
        {conversation.returned && !handed && (
          <p>{words.say(conversation.returned === 'lost' ? 'returnedLost' : 'returned')}</p>
        )}
        {!conversation.returned && count > 1 && <p>{words.count('waitingCount', count)}</p>}
      </div>
      <Ending kind="leave" />
    </section>
  );
}

function Served({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  const name = model.agentsText(conversation);
  const faces = (conversation.agents ?? []).map(({ displayName }) => displayName).slice(0, 3);
  return (
    <section class="strip" aria-label={words.say('withAgent', { name })}>
      <span class="faces" aria-hidden="true">
        {(faces.length > 0 ? faces : [name]).map((one) => (
          <span class="face">{[...one][0]?.toUpperCase()}</span>
        ))}
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

export function Ended({ conversation }: { conversation: Conversation }) {
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

/** The customer wrote and left before anybody came: one message leads back to the line. */
export function Inactive({ conversation }: { conversation: Conversation }) {
  const model = useModel();
  const { words } = model;
  // A contact form of which this tab knows no more is one of these.
  const headings: Partial<Record<string, Key>> = {
    abandoned: 'inactiveLost',
    contact: 'contactGot',
  };
  const heading = words.say(headings[conversation.endedBy ?? ''] ?? 'inactiveLeft');
  const offered = model.channel()?.offered ?? false;
  return (
    <>
      <section class="strip" aria-label={heading}>
        <span class="mark">
          <IconClock />
        </span>
        <div>
          <h2 tabIndex={-1}>{heading}</h2>
          <p>{words.say(offered ? 'inactiveText' : 'inactiveKept')}</p>
        </div>
        <button type="button" class="plain" onClick={() => model.startAgain()}>
          {words.say('again')}
        </button>
      </section>
      <Messages conversation={conversation} />
      <Composer />
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
