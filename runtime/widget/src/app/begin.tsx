/** The form of a start: by the channel's own line, a support link, or a session key. */
import type { Channel, Issue } from '@usher/protocol/protocol';
import { maxNameRunes, runeCount } from '@usher/protocol/protocol';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useModel } from './context.ts';
import { Choice, Field, Form, Problem } from './fields.tsx';
import { IconKey } from './icons.tsx';
import type { LinkState } from './link.ts';
import { choices, type Way } from './start.ts';
import type { Words } from './words.ts';

export function StartForm({ channel, way }: { channel: Channel; way: Way }) {
  const model = useModel();
  const { words } = model;
  const { form } = model.starting;
  const limit = model.limit.value;
  const over = runeCount(form.value.text.trim()) - limit;
  const joining = model.starting.joining.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(way);
  // With the change itself: later it would take the focus from who is writing in another field by then.
  useLayoutEffect(() => {
    if (before.current === way) return;
    before.current = way;
    // The button that led here is gone, and the focus with it.
    heading.current?.closest('form')?.querySelector<HTMLElement>('[data-focus]')?.focus();
  }, [way]);
  const link = model.starting.link.state.value;
  return (
    <Form onSend={() => over <= 0 && void model.starting.join()}>
      <h2 tabIndex={-1} ref={heading}>
        {words.say('startHeading')}
      </h2>
      {channel.greeting && (
        <p class="greeting" dir="auto">
          {channel.greeting}
        </p>
      )}
      <LinkProblem channel={channel} />
      {way === 'link' && link?.info && <Leads name={link.info.name} channel={channel} />}
      {way === 'general' && channel.offered && <Availability channel={channel} />}
      {way === 'key' && <KeyField />}
      {way === 'general' && <Whom channel={channel} />}
      <Field
        field="name"
        label="name"
        optional
        first={way !== 'key'}
        input={{ autocomplete: 'name', maxLength: maxNameRunes }}
      />
      <Field
        field="text"
        label="question"
        optional
        rows={3}
        problem={over > 0 ? words.count('over', over) : undefined}
      />
      <Reach />
      {way === 'general' && <HaveKey channel={channel} />}
      <div class="go">
        {model.starting.delay.value && <p role="status">{model.starting.delay.value}</p>}
        {model.starting.joinError.value && <Problem>{model.starting.joinError.value}</Problem>}
        <button type="submit" class="primary" aria-disabled={joining || over > 0}>
          {words.say(joining ? 'starting' : 'start')}
        </button>
      </div>
    </Form>
  );
}

/** Optional, and folded: most people answer within the chat. */
function Reach() {
  const model = useModel();
  const { words } = model;
  const { email, phone } = model.starting.form.value;
  // Once open it stays so: it must not fold away under who empties a field.
  const opened = useRef(false);
  opened.current ||= Boolean(email || phone);
  return (
    <details class="reach" open={opened.current}>
      <summary>{words.say('reach')}</summary>
      <p class="hint">{words.say('reachHint')}</p>
      <ReachFields />
    </details>
  );
}

export function ReachFields() {
  return (
    <>
      <Field
        field="email"
        label="email"
        input={{ type: 'email', autocomplete: 'email', inputMode: 'email', maxLength: 254 }}
      />
      <Field
        field="phone"
        label="phone"
        input={{ type: 'tel', autocomplete: 'tel', inputMode: 'tel', maxLength: 32 }}
      />
    </>
  );
}

function Availability({ channel }: { channel: Channel }) {
  const { words } = useModel();
  return (
    <p class="available">
      <span
        class={channel.availability === 'available' ? 'dot free' : 'dot queue'}
        aria-hidden="true"
      />
      {availabilityText(words, channel)}
    </p>
  );
}

function availabilityText(words: Words, channel: Channel): string {
  if (channel.availability === 'available') return words.say('availableNow');
  return channel.waiting > 0 ? words.count('queueNow', channel.waiting) : words.say('queueEmpty');
}

/** An agent by name, or else what it is about: an agent is asked for whatever it is about. */
function Whom({ channel }: { channel: Channel }) {
  const model = useModel();
  const { issues = [] } = channel;
  const agents = (channel.offered && channel.agents) || [];
  const chosen = choices(model.starting.form.value, channel, 'general').agent;
  return (
    <>
      {agents.length > 0 && (
        <Choice field="agent" label="whom" none="whomAny">
          {agents.map(({ name, displayName }) => (
            <option value={name}>{displayName}</option>
          ))}
        </Choice>
      )}
      {issues.length > 0 && !chosen && (
        <Choice field="issue" label="issue" none={channel.offered ? 'issueOther' : 'issueChoose'}>
          <Issues issues={issues} />
        </Choice>
      )}
    </>
  );
}

/** Grouped by queue where there are several. */
function Issues({ issues }: { issues: readonly Issue[] }) {
  const groups = new Map<string, Issue[]>();
  for (const issue of issues) groups.set(issue.queue, [...(groups.get(issue.queue) ?? []), issue]);
  const options = (list: readonly Issue[]) =>
    list.map(({ id, displayName }) => <option value={id}>{displayName}</option>);
  if (groups.size < 2) return <>{options(issues)}</>;
  return (
    <>
      {[...groups.values()].map((list) => (
        <optgroup label={list[0]?.queueName ?? ''}>{options(list)}</optgroup>
      ))}
    </>
  );
}

/** To whom the visitor's support link leads, and the way to somebody else. */
function Leads({ name, channel }: { name: string; channel: Channel }) {
  const model = useModel();
  const { words } = model;
  return (
    <div class="leads">
      <span class="face" aria-hidden="true">
        {[...name][0]?.toUpperCase()}
      </span>
      <p>
        <bdi>{words.say('leadsTo', { name })}</bdi>
      </p>
      {channel.offered && (
        <button type="button" class="plain" onClick={() => model.starting.choose('general')}>
          {words.say('somebodyElse')}
        </button>
      )}
    </div>
  );
}

/** Why the link or key that the visitor came with is of no use; what else there is stands below. */
export function LinkProblem({ channel }: { channel: Channel }) {
  const model = useModel();
  const { words } = model;
  const way = model.starting.way.value;
  const link = model.starting.link.state.value;
  if (way === 'key' && !channel.sessionKeys) return <Problem>{words.say('keysOff')}</Problem>;
  const text = way === 'link' && link ? linkText(words, link) : undefined;
  if (!text) return null;
  return (
    <Problem>
      <bdi>{text}</bdi> {channel.offered && words.say('generalLine')}
    </Problem>
  );
}

function linkText(words: Words, { info, error }: LinkState): string | undefined {
  if (error) return words.error(error, 0, 'linkUnchecked');
  return info && !info.offered ? words.say('leadsAway', { name: info.name }) : undefined;
}

function KeyField() {
  const model = useModel();
  return (
    <div class="field">
      <Field
        field="key"
        label="key"
        hint="keyHint"
        first
        // Spaces and dashes may be typed; they are not sent.
        input={{ inputMode: 'numeric', autocomplete: 'one-time-code', maxLength: 13 }}
      />
      <button type="button" class="plain aside" onClick={() => model.starting.choose('general')}>
        {model.words.say('noKey')}
      </button>
    </div>
  );
}

/** The way in for who was given a key; it is there also where the chat is not offered. */
export function HaveKey({ channel }: { channel: Channel }) {
  const model = useModel();
  if (!channel.sessionKeys) return null;
  return (
    <button type="button" class="plain aside" onClick={() => model.starting.choose('key')}>
      <IconKey /> {model.words.say('haveKey')}
    </button>
  );
}
