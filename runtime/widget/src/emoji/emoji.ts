/**
 * A few emoji for who writes on a keyboard without them; they are the reader's own letters. A script
 * of its own, which comes when the button is pressed for the first time.
 */
import { emojiSlot, type FillEmoji } from '../shared/host.ts';

const all = [
  ...'😀😂😊😉😍😎🤔😐😕😢😭😡👍👎👋🙏👏💪🎉🤝💔⭐🔥✅❌❓❗💡📦🚚📞📧📅⏰💳🛒🔑🔒🏠🚗☕🎁',
];

const columns = 7;

/** Arrows move, Enter and Space take; one of them can be reached by Tab. */
const fill: FillEmoji = (grid, onPick) => {
  const buttons = all.map((one) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.tabIndex = -1;
    button.textContent = one;
    button.addEventListener('click', () => onPick(one));
    return button;
  });
  grid.replaceChildren(...buttons);
  let at = 0;
  const go = (to: number) => {
    const before = buttons[at];
    at = Math.max(0, Math.min(buttons.length - 1, to));
    if (before) before.tabIndex = -1;
    const now = buttons[at];
    if (!now) return;
    now.tabIndex = 0;
    now.focus();
  };
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -all.length,
    End: all.length,
  };
  grid.addEventListener('keydown', (event) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    go(at + step);
  });
  go(0);
};

(window as unknown as Record<string, unknown>)[emojiSlot] = fill;
