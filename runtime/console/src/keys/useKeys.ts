import { useEffect, useRef } from 'react';
import { preferences } from '../preferences/preferences';
import { type Action, type KeyMemory, matchKey } from './keys';

type Handlers = Partial<Record<Action, () => void>>;

interface Layer {
  current: Handlers;
  readonly level: number;
}

/** Who hears actions now. Features come and go with their screens. */
const layers = new Set<Layer>();

/**
 * Lets a part of the page act on keys while it is there. Of several that know an action the one of
 * the highest level gets it: 0 for the frame, 1 for a screen, 2 for a part of a screen.
 */
export function useActions(level: 0 | 1 | 2, handlers: Handlers): void {
  const layer = useRef<Layer>({ current: handlers, level });
  useEffect(() => {
    layer.current.current = handlers;
  });
  useEffect(() => {
    const own = layer.current;
    layers.add(own);
    return () => {
      layers.delete(own);
    };
  }, []);
}

function handlerOf(action: Action): (() => void) | undefined {
  let best: Layer | undefined;
  for (const layer of layers) {
    if (layer.current[action] && layer.level >= (best?.level ?? 0)) best = layer;
  }
  return best?.current[action];
}

/** Runs an action as if its key was pressed; tells whether somebody knew it. */
export function runAction(action: Action): boolean {
  const handler = handlerOf(action);
  handler?.();
  return handler !== undefined;
}

/** Whether an action would do something now. */
export function canRun(action: Action): boolean {
  return handlerOf(action) !== undefined;
}

function isText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLInputElement)
    return !['checkbox', 'radio', 'button'].includes(target.type);
  // A list that is open takes letters to find its items; a dialog is a question of its own.
  return target.closest('[role="menu"],[role="listbox"]') !== null;
}

/** Listens to the keyboard for the whole page; once, at the top. */
export function useKeyboard(): void {
  useEffect(() => {
    let memory: KeyMemory = {};
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const inDialog = document.querySelector('[role="dialog"],[role="alertdialog"]') !== null;
      const result = matchKey(
        {
          key: event.key,
          ctrlKey: event.ctrlKey,
          metaKey: event.metaKey,
          altKey: event.altKey,
          shiftKey: event.shiftKey,
          isComposing: event.isComposing,
          altGraph: event.getModifierState?.('AltGraph') ?? false,
          inText: isText(event.target) || inDialog,
        },
        memory,
        { singleKeys: preferences.getState().singleKeys, now: performance.now() },
      );
      memory = result.memory;
      const { action } = result;
      // A key that is held moves through rows; it does nothing else twice.
      if (!action || (event.repeat && action !== 'rowDown' && action !== 'rowUp')) return;
      if (runAction(action)) event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}
