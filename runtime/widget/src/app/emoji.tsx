/** The button beside the message, and the grid above it, which comes in a script of its own. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { emojiSlot, type FillEmoji } from '../shared/host.ts';
import { useModel } from './context.ts';
import { IconSmile } from './icons.tsx';

/** Name of the emoji's file, with its hash; set by the build. */
declare const __EMOJI__: string;

export function Emoji({ onPick }: { onPick(emoji: string): void }) {
  const { words, host } = useModel();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    host.load<FillEmoji>(__EMOJI__, emojiSlot).then(
      (fill) =>
        grid.current &&
        fill(grid.current, (emoji) => {
          setOpen(false);
          onPick(emoji);
        }),
      close,
    );
    // Once for each opening: it takes what it was opened with.
  }, [open]);
  return (
    <>
      <button
        type="button"
        class="icon smile"
        aria-label={words.say('emoji')}
        aria-expanded={open}
        ref={button}
        onClick={() => setOpen(!open)}
      >
        <IconSmile />
      </button>
      {open && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would bring a form's looks and role
        <div
          class="emoji"
          role="group"
          aria-label={words.say('emoji')}
          ref={grid}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            close();
          }}
          onFocusOut={(event) => {
            const to = event.relatedTarget as Node | null;
            if (to && !grid.current?.contains(to) && to !== button.current) setOpen(false);
          }}
        />
      )}
    </>
  );
}
