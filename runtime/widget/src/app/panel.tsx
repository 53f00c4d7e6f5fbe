/**
 * The frame around the screens: a dialog beside the page (non-modal; where it covers the whole
 * view it keeps the focus), or the content of the desk's own page.
 */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { applyAccent } from '../shared/color.ts';
import { useModel } from './context.ts';
import { IconMinimise } from './icons.tsx';
import { ConnectionBar, Voices } from './notices.tsx';
import { ScreenView } from './screens.tsx';

/** Below this the panel covers the view; the same number stands in style.css. */
export const coverQuery = '(max-width: 479px), (max-height: 419px)';

export function Panel() {
  const model = useModel();
  const { host, words } = model;
  const open = model.open.value;
  const screen = model.screen.value;
  const panel = useRef<HTMLDivElement>(null);
  const shown = useRef<{ open: boolean; name: string }>({ open, name: screen.name });
  const { channel } = model.view.value.state;
  const title = (channel ?? model.config.value.channel)?.displayName ?? words.say('chat');
  const inside = () => panel.current?.contains(host.root.activeElement) ?? false;
  // Asked before the change: what has the focus may be gone after it.
  const hadFocus = inside();

  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = { open, name: screen.name };
    const element = panel.current;
    if (!element || !open) return;
    const opened = !before.open;
    if (!opened && (before.name === screen.name || !hadFocus)) return;
    // A message just sent keeps the focus in its field from waiting to being served.
    if (!opened && inside()) return;
    (element.querySelector<HTMLElement>('[data-focus]') ?? element).focus();
  });

  useEffect(() => {
    model.seenAll();
    const visible = () => model.seenAll();
    document.addEventListener('visibilitychange', visible);
    return () => document.removeEventListener('visibilitychange', visible);
  });

  const unread = model.unread.value;
  useEffect(() => {
    host.launcher?.update(open, unread);
    if (host.mode === 'page') document.title = unread > 0 ? `(${unread}) ${title}` : title;
  }, [open, unread, title, host]);

  const accent = (channel ?? model.config.value.channel)?.accentColor;
  useEffect(() => applyAccent(host.element, accent), [accent, host]);

  const minimise = () => {
    model.hide();
    host.launcher?.update(false, unread);
    host.launcher?.focus();
  };
  const page = host.mode === 'page';
  const content = (
    <>
      <header class="header" part="header">
        {page ? (
          <h1 dir="auto">{title}</h1>
        ) : (
          <p class="title" dir="auto">
            {title}
          </p>
        )}
        {!page && (
          <button type="button" class="icon" aria-label={words.say('minimise')} onClick={minimise}>
            <IconMinimise />
          </button>
        )}
      </header>
      <ConnectionBar />
      <ScreenView screen={screen} />
    </>
  );
  return (
    <>
      {page ? (
        <main class="panel page" ref={panel} tabIndex={-1}>
          {content}
        </main>
      ) : (
        open && (
          <div
            class="panel"
            id="usher-panel"
            role="dialog"
            aria-label={title}
            tabIndex={-1}
            ref={panel}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && !event.isComposing) {
                event.stopPropagation();
                if (model.asking.value) model.asking.value = false;
                else minimise();
              } else if (event.key === 'Tab' && matchMedia(coverQuery).matches) {
                keepInside(event, event.currentTarget, host.root);
              }
            }}
          >
            {content}
          </div>
        )
      )}
      <Voices />
    </>
  );
}

/** Leads Tab from the last element to the first and back: behind the panel nothing can be seen. */
function keepInside(event: KeyboardEvent, panel: HTMLElement, root: ShadowRoot): void {
  const all = [
    ...panel.querySelectorAll<HTMLElement>(
      'button, input, select, textarea, summary, a[href], [tabindex="0"]',
    ),
  ].filter(({ tabIndex }) => tabIndex >= 0);
  const first = all[0];
  const last = all.at(-1);
  const { activeElement } = root;
  if (event.shiftKey && (activeElement === first || activeElement === panel)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && activeElement === last) {
    event.preventDefault();
    first?.focus();
  }
}
