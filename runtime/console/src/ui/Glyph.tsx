import type { QueueLook } from '../features/queues/queue-look';

/**
 * The sign of a queue's state. The shape differs with each state, so that nobody needs the colour:
 * a disc, a ring with a slash, a filled square, a square with a slash. The word stands beside it or
 * in an accessible name, so the sign itself is silent.
 */
export function QueueGlyph({ look, size = 12 }: { look: QueueLook; size?: number }) {
  return (
    <svg
      className={`glyph glyph-${look}`}
      width={size}
      height={size}
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      {look === 'open' && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {look === 'closed' && (
        <g fill="none" stroke="currentColor" strokeWidth="1.8">
          <circle cx="6" cy="6" r="4.6" />
          <path d="M2.9 9.1 9.1 2.9" />
        </g>
      )}
      {look === 'waiting' && <rect x="1" y="1" width="10" height="10" rx="2" fill="currentColor" />}
      {look === 'closedWaiting' && (
        <g fill="none" stroke="currentColor" strokeWidth="1.8">
          <rect x="1.4" y="1.4" width="9.2" height="9.2" rx="2" />
          <path d="M3 9 9 3" />
        </g>
      )}
    </svg>
  );
}

/** Whether somebody is connected: a disc or an empty ring. */
export function OnlineGlyph({ online }: { online: boolean }) {
  return (
    <svg
      className={online ? 'glyph glyph-open' : 'glyph glyph-away'}
      width="10"
      height="10"
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      {online ? (
        <circle cx="6" cy="6" r="5" fill="currentColor" />
      ) : (
        <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" strokeWidth="1.8" />
      )}
    </svg>
  );
}
