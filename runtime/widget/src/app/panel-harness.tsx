/** The panel in a document, for tests of components: found by role and name, as people find it. */
import { act, cleanup, fireEvent, screen as page, render } from '@testing-library/preact';
import type { Change } from '@usher/protocol/protocol';
import { afterEach, beforeEach, vi } from 'vitest';
import { ModelProvider } from './context.ts';
import { type Harness, type HarnessOptions, harness } from './harness.ts';
import { Panel } from './panel.tsx';

beforeEach(() => {
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: false, media: query }));
});
afterEach(() => {
  cleanup();
  document.body.replaceChildren();
  vi.unstubAllGlobals();
});

/** The panel in the document itself: queries by role do not look into shadow roots. */
export async function shown(options: HarnessOptions = {}): Promise<Harness> {
  const h = await harness(options);
  Object.defineProperty(h.root, 'activeElement', { get: () => document.activeElement });
  render(
    <ModelProvider value={h.model}>
      <Panel />
    </ModelProvider>,
  );
  return h;
}

export async function opened(options: HarnessOptions = {}): Promise<Harness> {
  const h = await shown(options);
  act(() => h.model.show());
  return h;
}

/** The socket is there and tells these. */
export function live(h: Harness, ...changes: Change[]): void {
  act(() => h.live(...changes));
}

export const write = (label: string | RegExp, value: string) =>
  act(
    () => void fireEvent.input(page.getByRole('textbox', { name: label }), { target: { value } }),
  );

export const press = (name: string | RegExp) =>
  act(() => void fireEvent.click(page.getByRole('button', { name })));

export const focused = () => document.activeElement;
