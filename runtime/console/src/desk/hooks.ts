import type { View } from '@usher/protocol/client';
import type { WatchView } from '@usher/protocol/protocol';
import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { Desk, Local } from './desk';
import { type Tab, tabsOf } from './shelf';

export const DeskContext = createContext<Desk | undefined>(undefined);

/** The desk that is open; only below the signed-in part of the app. */
export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error('useDesk outside of an open desk');
  return desk;
}

/** A part of what the stream tells. The selector's answer is compared by identity. */
export function useView<T>(select: (view: View) => T): T {
  const { client } = useDesk();
  // The same answer while the view is the same, as useSyncExternalStore demands.
  const last = useRef<{ view: View; select: (view: View) => T; value: T } | undefined>(undefined);
  const read = () => {
    const view = client.view();
    if (last.current?.view === view && last.current.select === select) return last.current.value;
    const value = select(view);
    last.current = { view, select, value };
    return value;
  };
  return useSyncExternalStore((run) => client.subscribe(run), read);
}

/** A part of what this tab keeps. */
export function useLocal<T>(select: (local: Local) => T): T {
  return useStore(useDesk().local, select);
}

const selectState = (view: View) => view.state;
const selectShelf = (local: Local) => local.shelf;
const selectDismissed = (local: Local) => local.dismissed;

/** Looks at a list while the screen is there; it is not sent to those who do not look. */
export function useWatch(view: WatchView): void {
  const { acts } = useDesk();
  useEffect(() => acts.watch(view), [acts, view]);
}

/** My conversations as tabs. */
export function useTabs(): Tab[] {
  const state = useView(selectState);
  const shelf = useLocal(selectShelf);
  const dismissed = useLocal(selectDismissed);
  return useMemo(() => tabsOf(state, shelf, dismissed), [state, shelf, dismissed]);
}
