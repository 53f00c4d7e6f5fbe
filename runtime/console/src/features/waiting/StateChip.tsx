import type { Waiting } from '@usher/protocol/protocol';
import { useServerNow } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Chip } from '../../ui/Chip';
import { UrgencyChip } from './StatusChip';
import { waitingState } from './waiting-words';

/** The state of a waiting customer in a word. */
export function StateChip({ row }: { row: Waiting }) {
  const i18n = useI18n();
  const now = useServerNow();
  const state = waitingState(row, now, i18n);
  if ('plain' in state) return <Chip>{state.plain}</Chip>;
  return <UrgencyChip kind={state.kind} fine={i18n.t('waiting.repNeeded')} />;
}
