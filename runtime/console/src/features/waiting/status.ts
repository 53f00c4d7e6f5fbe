// The status of a conversation by the clock (feature V5). Pure; times in milliseconds.
import type { Tab } from '../../desk/shelf';
import { unansweredSince } from '../../desk/shelf';
import { OVERDUE_MS, SOON_MS, type WaitClass, waitClass } from './wait';

/** What the desk tells of an unanswered message: since when, and when it becomes worse. */
export interface Clock {
  readonly unansweredSince?: number | undefined;
  readonly soonAt?: number | undefined;
  readonly overdueAt?: number | undefined;
}

/**
 * How urgent it is now. The desk's own times count, for a queue may run by its opening hours; where a
 * customer wrote nothing, the wait since `arrivedAt` does.
 */
export function urgency(clock: Clock, now: number, arrivedAt?: number): WaitClass {
  if (clock.unansweredSince === undefined) {
    return arrivedAt === undefined ? 'fine' : waitClass(now - arrivedAt);
  }
  if (clock.overdueAt !== undefined && now > clock.overdueAt) return 'overdue';
  return clock.soonAt !== undefined && now > clock.soonAt ? 'soon' : 'fine';
}

/**
 * The clock of one of my conversations. Its header is told when something else of it changes, so the
 * messages may know of a newer question: that one runs by the usual times until the header follows.
 */
export function clockOf(tab: Tab): Clock {
  const since = unansweredSince(tab);
  const { conversation } = tab;
  if (since === undefined) return {};
  if (conversation.unansweredSince === since && conversation.overdueAt !== undefined) {
    const { soonAt, overdueAt } = conversation;
    return { unansweredSince: since, soonAt, overdueAt };
  }
  return { unansweredSince: since, soonAt: since + SOON_MS, overdueAt: since + OVERDUE_MS };
}
