import { CircleAlert, Clock } from 'lucide-react';
import { useServerNow } from '../desk/now';
import { formatFirstWait, formatWait, waitClass } from '../features/waiting/wait';
import './chip.css';

/** A running wait: plain, with a clock when it is soon overdue, with a warning when it is overdue. */
export function Wait({ since, short = false }: { since: number; short?: boolean }) {
  const ms = useServerNow() - since;
  const kind = waitClass(ms);
  return (
    <span className={`wait ${kind}`}>
      {kind === 'soon' && !short && <Clock size={14} aria-hidden="true" />}
      {kind === 'overdue' && !short && <CircleAlert size={14} aria-hidden="true" />}
      {short ? formatFirstWait(ms) : formatWait(ms)}
    </span>
  );
}
