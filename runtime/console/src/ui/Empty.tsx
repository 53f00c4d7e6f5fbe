import type { ReactNode } from 'react';
import './banner.css';

/** What stands where nothing is: a sign, a sentence, and one thing to do. */
export function Empty(props: {
  icon?: ReactNode;
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      {props.icon}
      {props.title}
      {props.children && <p>{props.children}</p>}
      {props.action}
    </div>
  );
}

/** Rows of the final height while the first answer is on its way. */
export function SkeletonRows({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="skeleton-rows" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same.
        <div className="skeleton-row" key={i}>
          <div className="skeleton" />
          <div className="skeleton" />
          <div className="skeleton" />
        </div>
      ))}
    </div>
  );
}
