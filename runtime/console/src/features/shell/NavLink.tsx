import type { ReactNode } from 'react';
import { Link } from 'wouter';

/** A row of the sidebar that leads somewhere. */
export function NavLink(props: {
  href: string;
  path: string;
  title?: string;
  children: ReactNode;
}) {
  const { href, path } = props;
  const here = path === href || path.startsWith(`${href}/`);
  return (
    <Link
      href={href}
      className="nav-row"
      title={props.title}
      aria-current={here ? 'page' : undefined}
    >
      {props.children}
    </Link>
  );
}
