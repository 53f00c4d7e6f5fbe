import { type ReactNode, useEffect } from 'react';

/** A page of one card: before signing in, and when the console cannot start. */
export function Centre({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} – Usher`;
  }, [title]);
  return (
    <main className="centre">
      <div className="centre-card">
        <p className="brand">
          <img src="/icon.svg" width="28" height="28" alt="" />
          Usher
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
