/** The contact form, for where the chat is not offered, and what became of it. */
import type { Channel, Conversation } from '@usher/protocol/protocol';
import { maxNameRunes, runeCount } from '@usher/protocol/protocol';
import { HaveKey, LinkProblem, ReachFields } from './begin.tsx';
import { Composer } from './composer.tsx';
import type { ContactState } from './contact.ts';
import { useModel } from './context.ts';
import { Field, Form, Problem } from './fields.tsx';
import { IconClock, IconDone } from './icons.tsx';
import { Messages } from './messages.tsx';

export function ContactForm({ channel, heading }: { channel: Channel; heading: string }) {
  const model = useModel();
  const { words } = model;
  const over = runeCount(model.starting.form.value.text.trim()) - model.limit.value;
  const refused = model.starting.contact.state.value?.code;
  return (
    <Form onSend={() => over <= 0 && model.starting.sendContact()}>
      <h2 tabIndex={-1}>{heading}</h2>
      <p class="own" dir="auto">
        {channel.message || words.say('contactText')}
      </p>
      <LinkProblem channel={channel} />
      <Field
        field="name"
        label="name"
        optional
        first
        input={{ autocomplete: 'name', maxLength: maxNameRunes }}
      />
      <p class="hint">{words.say('contactReach')}</p>
      <ReachFields />
      <Field
        field="text"
        label="contactMessage"
        rows={4}
        problem={over > 0 ? words.count('over', over) : undefined}
      />
      <HaveKey channel={channel} />
      <div class="go">
        {refused !== undefined && <Problem>{words.error(refused, model.limit.value)}</Problem>}
        <button type="submit" class="primary" aria-disabled={over > 0}>
          {words.say('contactSend')}
        </button>
      </div>
    </Form>
  );
}

/** What was sent stays to be read; once it has arrived one can add to it. */
export function ContactSent(props: {
  contact: ContactState;
  conversation: Conversation | undefined;
}) {
  const model = useModel();
  const { words } = model;
  const { contact, conversation } = props;
  const arrived = contact.fate === 'sent' || conversation !== undefined;
  const reach = words.list([contact.email, contact.phone].filter((one) => one !== undefined));
  const heading = words.say(arrived ? 'contactGot' : 'contactOnItsWay');
  return (
    <>
      <section class="strip" aria-label={heading}>
        <span class={arrived ? 'mark done' : 'mark'}>{arrived ? <IconDone /> : <IconClock />}</span>
        <div role="status">
          <h2 tabIndex={-1} data-focus={arrived ? undefined : true}>
            {heading}
          </h2>
          <p>
            {arrived ? (
              <bdi>{words.say('contactAnswer', { reach })}</bdi>
            ) : (
              words.say(
                contact.fate === 'waiting'
                  ? 'contactWaiting'
                  : contact.fate === 'checking'
                    ? 'checking'
                    : 'sending',
              )
            )}
          </p>
        </div>
      </section>
      {conversation ? (
        <>
          <Messages conversation={conversation} />
          <More />
          <Composer />
        </>
      ) : (
        <div class="body">
          <dl class="sent">
            {(['name', 'email', 'phone'] as const).map(
              (field) =>
                contact[field] && (
                  <>
                    <dt>{words.say(field)}</dt>
                    <dd dir="auto">{contact[field]}</dd>
                  </>
                ),
            )}
            <dt>{words.say('contactMessage')}</dt>
            <dd dir="auto">{contact.text}</dd>
          </dl>
          {arrived && (
            <button type="button" class="primary" onClick={() => model.startAgain()}>
              {words.say('again')}
            </button>
          )}
        </div>
      )}
    </>
  );
}

function More() {
  const model = useModel();
  const { words } = model;
  return (
    <div class="more">
      <p class="hint">{words.say('contactMore')}</p>
      <button type="button" class="plain" onClick={() => model.startAgain()}>
        {words.say('again')}
      </button>
    </div>
  );
}
