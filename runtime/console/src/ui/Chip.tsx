import type { ReactNode } from 'react';
import './chip.css';

export type ChipTone = 'plain' | 'open' | 'closed' | 'waiting' | 'soon' | 'overdue';

/** A short word about a state; the colour only repeats what the word says. */
export function Chip({
  tone = 'plain',
  glyph,
  children,
}: {
  tone?: ChipTone;
  glyph?: ReactNode;
  children: ReactNode;
}) {
  return (
    <span className={`chip ${tone}`}>
      {glyph}
      <span>{children}</span>
    </span>
  );
}

/** A number in a badge. */
export function Count({ value }: { value: number }) {
  return <span className="count">{value > 999 ? '999+' : value}</span>;
}
