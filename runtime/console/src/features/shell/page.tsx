import { useEffect } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

const page = createStore<{ title: string }>(() => ({ title: '' }));

/** The title of what is shown, for the window. */
export function usePageTitle(): string {
  return useStore(page, (s) => s.title);
}

/**
 * Names what is shown, and takes the focus there when the address changed: to the main region, so
 * that the next Tab is the first thing of the new screen. A screen that focuses something itself
 * gives no `focus`.
 */
export function usePage({ title, focus }: { title: string; focus?: string | undefined }): void {
  useEffect(() => {
    page.setState({ title });
  }, [title]);
  useEffect(() => {
    if (focus === undefined) return;
    document.getElementById('main')?.focus({ preventScroll: true });
  }, [focus]);
}
