/** Where the visitor writes. The draft is kept by the model, over reloads and lost connections. */
import { runeCount } from '@usher/protocol/protocol';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useModel } from './context.ts';
import { Emoji } from './emoji.tsx';
import { IconSend } from './icons.tsx';

/** The counter is shown for the last tenth of the limit. */
const counterFrom = 0.9;

export function Composer() {
  const model = useModel();
  const { words } = model;
  const field = useRef<HTMLTextAreaElement>(null);
  const draft = model.draft.value;
  const limit = model.limit.value;
  const left = limit - runeCount(draft.trim());

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    // Grows with its text up to what the style allows.
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + 2}px`;
  }, [draft]);

  const send = () => {
    if (left < 0 || draft.trim() === '') {
      field.current?.focus();
      return;
    }
    model.say(draft);
    field.current?.focus();
  };
  /** Where the caret is, or over what is marked; the caret goes behind it. */
  const insert = (emoji: string) => {
    const element = field.current;
    if (!element) return;
    element.focus();
    element.setRangeText(emoji, element.selectionStart, element.selectionEnd, 'end');
    model.write(element.value);
  };
  const coarse = matchMedia('(pointer: coarse)').matches;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="unseen" for="usher-message">
        {words.say('message')}
      </label>
      <textarea
        id="usher-message"
        data-focus
        ref={field}
        rows={1}
        dir="auto"
        placeholder={words.say('messagePlaceholder')}
        value={draft}
        aria-describedby={left <= limit * (1 - counterFrom) ? 'usher-left' : 'usher-hint'}
        aria-invalid={left < 0}
        enterkeyhint={coarse ? 'enter' : 'send'}
        onInput={(event) => model.write(event.currentTarget.value)}
        onKeyDown={(event) => {
          // On touch keyboards Enter is a new line; there the button sends.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing || coarse) return;
          event.preventDefault();
          send();
        }}
      />
      {!model.isOff('emoji') && <Emoji onPick={insert} />}
      <button
        type="submit"
        class="send"
        part="send"
        aria-label={words.say('send')}
        aria-disabled={left < 0 || draft.trim() === ''}
      >
        <IconSend />
      </button>
      <p class="unseen" id="usher-hint">
        {words.say('sendHint')}
      </p>
      {left <= limit * (1 - counterFrom) && (
        <p id="usher-left" class={left < 0 ? 'count over' : 'count'} role="status">
          {left < 0 ? words.count('over', -left) : words.count('left', left)}
        </p>
      )}
    </form>
  );
}
