import type { Waiting } from '@usher/protocol/protocol';
import { ArrowRightLeft, BellRing, RotateCcw, ShieldCheck, Tag } from 'lucide-react';
import { useI18n } from '../../i18n/i18n';
import { Chip } from '../../ui/Chip';
import { type Mark, marksOf } from './how-words';

const ICONS: Record<Mark['kind'], typeof Tag> = {
  alert: BellRing,
  returned: RotateCcw,
  via: ArrowRightLeft,
  issue: Tag,
  secure: ShieldCheck,
};

/** What is to be known of a waiting customer at a glance: an alert, a return, the way, the issue, verified facts. */
export function Marks({ row }: { row: Waiting }) {
  const i18n = useI18n();
  const marks = marksOf(row, i18n);
  if (marks.length === 0) return null;
  return (
    <span className="marks">
      {marks.map(({ kind, words }) => {
        const Icon = ICONS[kind];
        return (
          <Chip
            key={kind}
            tone={kind === 'alert' ? 'overdue' : kind === 'returned' ? 'soon' : 'plain'}
            glyph={<Icon size={12} aria-hidden="true" />}
          >
            <bdi dir="auto">{words}</bdi>
          </Chip>
        );
      })}
    </span>
  );
}
