import type { Presence } from '@usher/protocol/protocol';

/** Presence by its shape too: a disc, a half disc, a ring with hands, an empty ring. */
export function PresenceGlyph({ presence, size = 12 }: { presence: Presence; size?: number }) {
  return (
    <svg
      className={`glyph presence-${presence}`}
      width={size}
      height={size}
      viewBox="0 0 12 12"
      aria-hidden="true"
    >
      {presence === 'available' && <circle cx="6" cy="6" r="5" fill="currentColor" />}
      {presence === 'finishMine' && (
        <>
          <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
          <path d="M6 1.4a4.6 4.6 0 0 0 0 9.2z" fill="currentColor" />
        </>
      )}
      {presence === 'away' && (
        <g fill="none" stroke="currentColor" strokeWidth="1.6">
          <circle cx="6" cy="6" r="4.6" />
          <path d="M6 3.2V6l1.8 1.4" />
        </g>
      )}
      {presence === 'offline' && (
        <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
      )}
    </svg>
  );
}
