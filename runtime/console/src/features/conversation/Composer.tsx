import { maxTextRunes, runeCount } from '@usher/protocol/protocol';
import { SendHorizontal } from 'lucide-react';
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { usePreferences } from '../../preferences/preferences';
import { Button } from '../../ui/Button';
import { sendsOn } from './sends';
import './composer.css';

/** From here on the counter shows. */
const NEAR_LIMIT = 400;

/**
 * Where a reply is written. What is written is kept as a draft, and
 * outlives a reload; while the connection is lost it can be written and sent on: it queues.
 */
export function Composer({
  draft,
  to,
  autoFocus,
  onSend,
  onTyping,
}: {
  /** Under which name the draft is kept: a conversation's or a room's. */
  draft: string;
  /** Whom one writes to, as shown. */
  to: string;
  autoFocus: boolean;
  onSend(text: string): void;
  onTyping?: (() => void) | undefined;
}) {
  const { t } = useI18n();
  const desk = useDesk();
  const { sendWith } = usePreferences();
  const limit = useView((view) => view.welcome?.limits.text ?? maxTextRunes);
  const [text, setText] = useState(() => desk.draft(draft));
  const [kept, setKept] = useState(text !== '');
  const field = useRef<HTMLTextAreaElement>(null);
  const length = runeCount(text);
  const over = length > limit;
  const sendable = text.trim() !== '' && !over;

  useEffect(() => {
    if (autoFocus) field.current?.focus({ preventScroll: true });
  }, [autoFocus]);

  // Three lines, growing to 40 % of the height.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the text changes.
  useLayoutEffect(() => {
    const box = field.current;
    if (!box) return;
    box.style.height = 'auto';
    box.style.height = `${box.scrollHeight + 2}px`;
  }, [text]);

  useActions(1, { reply: () => field.current?.focus() });

  const change = (value: string) => {
    setText(value);
    setKept(desk.keepDraft(draft, value) && value !== '');
    if (value !== '') onTyping?.();
  };
  const send = () => {
    if (!sendable) return;
    onSend(text.trim());
    setText('');
    setKept(false);
    desk.keepDraft(draft, '');
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (sendsOn(event.nativeEvent, sendWith)) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape') {
      // The text stays; the focus goes, so that single keys act again.
      event.currentTarget.blur();
    }
  };

  const left = limit - length;
  return (
    <form
      className="composer"
      aria-label={t('composer.label')}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        className="composer-text"
        rows={3}
        value={text}
        dir="auto"
        aria-label={t('composer.to', { name: to })}
        aria-describedby="composer-hint"
        aria-invalid={over}
        placeholder={t('composer.to', { name: to })}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-foot">
        <span id="composer-hint" className="muted composer-hint">
          <span className="key-hint">
            {t(sendWith === 'enter' ? 'composer.enter' : 'composer.modEnter')}
          </span>
          {kept && <span className="composer-draft"> {t('composer.draft')}</span>}
        </span>
        {left <= NEAR_LIMIT && (
          <span className={over ? 'composer-count over' : 'composer-count'} aria-live="polite">
            {over ? t('composer.over', { count: -left }) : t('composer.left', { count: left })}
          </span>
        )}
        <Button look="primary" type="submit" isDisabled={!sendable}>
          <SendHorizontal size={16} aria-hidden="true" />
          {t('composer.send')}
        </Button>
      </div>
    </form>
  );
}
