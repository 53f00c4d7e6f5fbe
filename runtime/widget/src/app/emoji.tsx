/** A few emoji for who writes on a keyboard without them; they are the reader's own letters. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useModel } from './context.ts';
import { IconSmile } from './icons.tsx';

const all = [
  ...'😀😂😊😉😍😎🤔😐😕😢😭😡👍👎👋🙏👏💪🎉❤💔⭐🔥✅❌❓❗💡📦🚚📞📧📅⏰💳🛒🔑🔒🏠🚗☕🎁',
].map((one) => (one === '❤' ? '❤️' : one));

const columns = 7;

/** The button, and above the composer the grid: arrows move, Enter takes, Escape closes. */
export function Emoji({ onPick }: { onPick(emoji: string): void }) {
  const { words } = useModel();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const button = useRef<HTMLButtonElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) grid.current?.querySelectorAll<HTMLElement>('button')[at]?.focus();
  }, [open, at]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -all.length,
    End: all.length,
  };
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
            if (event.key === 'Escape') {
              event.stopPropagation();
              close();
              return;
            }
            const step = steps[event.key];
            if (step === undefined) return;
            event.preventDefault();
            setAt(Math.max(0, Math.min(all.length - 1, at + step)));
          }}
          onFocusOut={(event) => {
            const to = event.relatedTarget as Node | null;
            if (to && !grid.current?.contains(to) && to !== button.current) setOpen(false);
          }}
        >
          {all.map((one, i) => (
            <button
              type="button"
              tabIndex={i === at ? 0 : -1}
              onClick={() => {
                setAt(i);
                setOpen(false);
                onPick(one);
              }}
            >
              {one}
            </button>
          ))}
        </div>
      )}
    </>
  );
}
