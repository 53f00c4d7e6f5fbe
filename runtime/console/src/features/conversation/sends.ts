import type { Preferences } from '../../preferences/preferences';

/** Whether a key in the composer sends. Ctrl/⌘+Enter always does; a composing input method never. */
export function sendsOn(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'isComposing'>,
  sendWith: Preferences['sendWith'],
): boolean {
  if (event.key !== 'Enter' || event.isComposing || event.altKey) return false;
  if (event.ctrlKey || event.metaKey) return true;
  return sendWith === 'enter' && !event.shiftKey;
}
