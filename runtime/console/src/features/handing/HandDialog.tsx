import { type Conversation, maxNoteRunes } from '@usher/protocol/protocol';
import { useMemo, useState } from 'react';
import { Label } from 'react-aria-components/Label';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { type I18n, useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { TextInput } from '../../ui/Fields';
import { QueueGlyph } from '../../ui/Glyph';
import { PresenceGlyph } from '../../ui/PresenceGlyph';
import { note as tell } from '../notices/notes';
import { useAct } from '../notices/useAct';
import { queueLook } from '../queues/queue-look';
import { nextWords } from '../queues/queue-words';
import { loadWords, presenceWords } from '../standing/presence-words';
import { type Choice, findChoices, inviteChoices, transferChoices } from './targets';
import './handing.css';

const KINDS = ['agent', 'team', 'queue'] as const;

/** Hands a conversation on, or asks somebody in: to whom, and what they should know (R11, R12). */
export default function HandDialog(props: {
  way: 'transfer' | 'invite';
  conversation: Conversation;
  name: string;
  onClose(): void;
}) {
  const { way, conversation, name, onClose } = props;
  const i18n = useI18n();
  const { t, locale } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const [wanted, setWanted] = useState('');
  const [chosen, setChosen] = useState<string>();
  const [note, setNote] = useState('');
  const { busy, act } = useAct();

  const all = useMemo(
    () =>
      way === 'transfer'
        ? transferChoices(state, conversation, desk.me.name, locale)
        : inviteChoices(state, conversation, desk.me.name, locale),
    [way, state, conversation, desk.me.name, locale],
  );
  const found = findChoices(all, wanted, locale);
  const choice = all.find(({ key }) => key === chosen);

  const send = async () => {
    if (!choice) return;
    const done = await act(way, () =>
      way === 'transfer'
        ? desk.acts.transfer(conversation.id, choice.target, note.trim())
        : desk.acts.invite(conversation.id, choice.target, note.trim()),
    );
    if (!done) return;
    tell(t(way === 'transfer' ? 'transfer.done' : 'invite.done', { name, to: choice.name }));
    onClose();
    if (way === 'transfer') {
      desk.dismiss(conversation.id);
      go('/chats');
    }
  };

  return (
    <Dialog
      wide
      title={t(way === 'transfer' ? 'transfer.title' : 'invite.title', { name })}
      isOpen
      onOpenChange={(open) => !open && onClose()}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <TextInput autoFocus label={t('hand.find')} value={wanted} onChange={setWanted} />
        <Picker
          label={t('hand.to')}
          choices={found}
          chosen={choice?.key}
          onChoose={setChosen}
          none={t(all.length === 0 ? 'hand.nobody' : 'palette.none')}
        />
        <TextInput
          long
          label={t('hand.note')}
          hint={t('hand.noteHint')}
          value={note}
          maxLength={maxNoteRunes}
          onChange={setNote}
        />
        {choice?.presence === 'offline' && way === 'transfer' && (
          <p className="text2">{t('transfer.offline', { name: choice.name })}</p>
        )}
        <DialogButtons>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button look="primary" type="submit" isDisabled={!live || !choice || busy !== undefined}>
            {busy ? t('switch.working') : t(way === 'transfer' ? 'transfer.do' : 'invite.do')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function Picker(props: {
  label: string;
  choices: readonly Choice[];
  chosen: string | undefined;
  none: string;
  onChoose(key: string): void;
}) {
  const i18n = useI18n();
  const now = useServerMinute();
  return (
    <RadioGroup
      className="choices"
      value={props.chosen ?? null}
      onChange={(key) => props.onChoose(key)}
    >
      <Label className="field-label">{props.label}</Label>
      <div className="picker">
        {props.choices.length === 0 && <p className="muted picker-none">{props.none}</p>}
        {KINDS.map((kind) => {
          const list = props.choices.filter(({ target }) => target.kind === kind);
          if (list.length === 0) return null;
          return (
            <div key={kind}>
              <p className="picker-head text2">{i18n.t(`hand.kind.${kind}`)}</p>
              {list.map((choice) => (
                <Radio key={choice.key} value={choice.key} className="choice picker-choice">
                  <span className="choice-mark" aria-hidden="true" />
                  {choice.presence && <PresenceGlyph presence={choice.presence} />}
                  {choice.queue && <QueueGlyph look={queueLook(choice.queue)} />}
                  <span className="picker-words">
                    <bdi dir="auto">{choice.name}</bdi>
                    <span className="choice-hint"> · {hint(choice, now, i18n)}</span>
                  </span>
                </Radio>
              ))}
            </div>
          );
        })}
      </div>
    </RadioGroup>
  );
}

/** What helps to choose: presence and load, or how many wait and whether it is open. */
function hint(choice: Choice, now: number, i18n: I18n): string {
  const { t } = i18n;
  const { presence, load, limit, online, waiting, queue } = choice;
  const words: string[] = [];
  if (presence) {
    words.push(presenceWords(presence, i18n));
    if (presence !== 'offline' && load !== undefined && limit !== undefined)
      words.push(t('people.load', { load: loadWords({ load, limit }, i18n) }));
  }
  if (online !== undefined) words.push(t('team.online', { count: online }));
  if (queue?.state === 'Closed') words.push(t('queue.closed'), nextWords(queue, now, i18n));
  if (waiting !== undefined) words.push(t('queue.waiting', { count: waiting }));
  return words.filter(Boolean).join(', ');
}
