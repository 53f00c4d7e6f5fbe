import { CircleAlert, Clock } from 'lucide-react';
import { useServerNow } from '../desk/now';
import { formatFirstWait, formatWait, type WaitClass, waitClass } from '../features/waiting/wait';
import './chip.css';

/**
 * A running wait: plain, with a clock when it is soon overdue, with a warning when it is overdue.
 * `judge` says which of them it is now where the desk has times of its own for it.
 */
export function Wait({
  since,
  short = false,
  judge,
}: {
  since: number;
  short?: boolean;
  judge?: (now: number) => WaitClass;
}) {
  const now = useServerNow();
  const ms = now - since;
  const kind = judge ? judge(now) : waitClass(ms);
  return (
    <span className={`wait ${kind}`}>
      {kind === 'soon' && !short && <Clock size={14} aria-hidden="true" />}
      {kind === 'overdue' && !short && <CircleAlert size={14} aria-hidden="true" />}
      {short ? formatFirstWait(ms) : formatWait(ms)}
    </span>
  );
}
