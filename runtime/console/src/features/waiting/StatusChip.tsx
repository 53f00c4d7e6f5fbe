import { Check, CircleAlert, Clock, Hourglass } from 'lucide-react';
import { useServerNow } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Chip } from '../../ui/Chip';
import { type Clock as DeskClock, urgency } from './status';

/** The status of a conversation that is served: answered, pending, soon overdue, overdue. */
export function StatusChip({ clock }: { clock: DeskClock }) {
  const { t } = useI18n();
  const now = useServerNow();
  if (clock.unansweredSince === undefined) {
    return (
      <Chip tone="open" glyph={<Check size={12} aria-hidden="true" />}>
        {t('chat.answered')}
      </Chip>
    );
  }
  return <UrgencyChip kind={urgency(clock, now)} fine={t('chat.pending')} />;
}

/** How urgent something is, in a word with its sign. */
export function UrgencyChip({ kind, fine }: { kind: 'fine' | 'soon' | 'overdue'; fine: string }) {
  const { t } = useI18n();
  if (kind === 'overdue') {
    return (
      <Chip tone="overdue" glyph={<CircleAlert size={12} aria-hidden="true" />}>
        {t('waiting.overdue')}
      </Chip>
    );
  }
  if (kind === 'soon') {
    return (
      <Chip tone="soon" glyph={<Clock size={12} aria-hidden="true" />}>
        {t('waiting.soon')}
      </Chip>
    );
  }
  return (
    <Chip tone="waiting" glyph={<Hourglass size={12} aria-hidden="true" />}>
      {fine}
    </Chip>
  );
}
