/** Takes the focus to the next or previous part of the page that is in sight. */
export function movePane(by: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter(
    (pane) => pane.offsetParent !== null || pane.getClientRects().length > 0,
  );
  if (panes.length === 0) return;
  // The innermost pane around the focus counts: a preview stands inside the main region.
  const inside = panes.filter((pane) => pane.contains(document.activeElement));
  const now = panes.indexOf(inside.at(-1) as HTMLElement);
  const next = panes[(now + by + panes.length) % panes.length] ?? panes[0];
  const first = next?.querySelector<HTMLElement>(
    'a[href],button:not([disabled]),textarea,[tabindex="0"]',
  );
  const inner = first && next?.id !== 'main' ? first : next;
  inner?.focus();
}
