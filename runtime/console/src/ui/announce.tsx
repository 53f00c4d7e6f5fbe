import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

interface Said {
  polite: string;
  assertive: string;
  count: number;
}

const said = createStore<Said>(() => ({ polite: '', assertive: '', count: 0 }));

/**
 * Tells people who listen to the page what changed. Assertive only for what must interrupt:
 * a customer waits, an offer, the connection lost or back. Wait clocks are never said.
 */
export function announce(words: string, how: 'polite' | 'assertive' = 'polite'): void {
  // The same words twice are no change to a screen reader: a no-break space makes them differ.
  const count = said.getState().count + 1;
  said.setState({ [how]: count % 2 ? words : `${words}\u00a0`, count });
}

/** The page's two live regions. */
export function Announcers() {
  const { polite, assertive } = useStore(said);
  return (
    <>
      <div className="sr-only" aria-live="polite" data-announcer="polite">
        {polite}
      </div>
      <div className="sr-only" aria-live="assertive" data-announcer="assertive">
        {assertive}
      </div>
    </>
  );
}
