import { useCallback, useState } from 'react';
import { useI18n } from '../../i18n/i18n';
import { failureWords } from './errors';
import { note } from './notes';

/**
 * Runs one action at a time and says what went wrong. `busy` names the action under way, so that its
 * button can say "Accepting…": races are decided by the desk, never guessed here.
 */
export function useAct(): {
  busy: string | undefined;
  act(name: string, run: () => Promise<unknown>): Promise<boolean>;
} {
  const i18n = useI18n();
  const [busy, setBusy] = useState<string>();
  const act = useCallback(
    async (name: string, run: () => Promise<unknown>) => {
      setBusy(name);
      try {
        await run();
        return true;
      } catch (error) {
        const words = failureWords(error, i18n);
        if (words) note(words, 'error');
        return false;
      } finally {
        setBusy(undefined);
      }
    },
    [i18n],
  );
  return { busy, act };
}
