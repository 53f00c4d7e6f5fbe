import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import './banner.css';

const ICONS = { info: Info, warning: TriangleAlert, error: CircleAlert };

/** A line across a pane that stays until what it says is over. */
export function Banner(props: {
  tone: 'info' | 'warning' | 'error';
  children: ReactNode;
  action?: ReactNode;
}) {
  const Icon = ICONS[props.tone];
  return (
    <div className={`banner ${props.tone}`}>
      <Icon size={16} aria-hidden="true" />
      <div className="banner-words">{props.children}</div>
      {props.action && <div className="banner-action">{props.action}</div>}
    </div>
  );
}
