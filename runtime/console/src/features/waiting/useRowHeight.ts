import { useSyncExternalStore } from 'react';

const NARROW = '(max-width: 767px), (pointer: coarse)';

function subscribe(run: () => void): () => void {
  const media = matchMedia(NARROW);
  media.addEventListener('change', run);
  return () => media.removeEventListener('change', run);
}

/** The height of a row, from the same token that the style uses. */
export function useRowHeight(): number {
  return useSyncExternalStore(subscribe, () => {
    const told = Number.parseFloat(
      getComputedStyle(document.documentElement).getPropertyValue('--row'),
    );
    return Number.isFinite(told) && told > 0 ? told : 44;
  });
}
