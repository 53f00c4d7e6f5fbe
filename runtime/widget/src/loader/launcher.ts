/** The button in the corner: there before the app is, and after it. */
import { applyFill } from '../shared/fill.ts';
import type { Launcher } from '../shared/host.ts';

const style = `
:host{all:initial!important;position:fixed!important;inset:auto!important;z-index:2147483000!important;
display:block!important;inline-size:0!important;block-size:0!important;color-scheme:var(--usher-scheme,light dark)!important}
.launcher{all:unset;box-sizing:border-box;position:fixed;inset-inline-end:var(--usher-edge,20px);
inset-block-end:var(--usher-edge,20px);inline-size:56px;block-size:56px;border-radius:28px;cursor:pointer;
display:grid;place-items:center;background:var(--usher-accent,var(--usher-i-fill));
color:var(--usher-on-accent,var(--usher-i-on-fill));border:1px solid transparent;
box-shadow:0 4px 16px rgb(0 0 0/.25),0 1px 4px rgb(0 0 0/.15)}
.launcher:hover{filter:brightness(1.08)}
.launcher:focus-visible{outline:2px solid light-dark(#171b22,#eceff3);outline-offset:3px;box-shadow:0 0 0 3px light-dark(#fff,#14171c)}
.launcher svg{inline-size:28px;block-size:28px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.launcher b{position:absolute;inset-block-start:-5px;inset-inline-end:-5px;min-inline-size:24px;block-size:24px;padding:0 6px;
box-sizing:border-box;border-radius:12px;background:#b3261e;color:#fff;font:600 13px/24px system-ui,sans-serif;text-align:center}
.launcher b:empty{display:none}
@media (max-width:479px),(max-height:419px){.launcher[aria-expanded=true]{display:none}}
@media (prefers-reduced-motion:no-preference){.launcher{transition:filter .15s}}
`;

/** Words of the launcher, which is there before the app with all the others. */
const words: Record<string, { open: string; close: string; unread: string }> = {
  en: { open: 'Open chat', close: 'Minimise chat', unread: 'unread messages' },
  fi: { open: 'Avaa chat', close: 'Pienennä chat', unread: 'lukematonta viestiä' },
  pt: { open: 'Abrir o chat', close: 'Minimizar o chat', unread: 'mensagens não lidas' },
};

const bubble =
  'M4 5.500A1.500 1.500 0 0 1 5.500 4h13A1.500 1.500 0 0 1 20 5.500v9a1.500 1.500 0 0 1-1.500 1.500H11l-5 4v-4h-.5A1.500 1.500 0 0 1 4 14.500z';
const arrow = 'M6 9.500l6 6 6-6';

/** Puts the host's own style into the shadow root, out of reach of the page's. */
export function adopt(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
}

export interface LauncherButton extends Launcher {
  show(visible: boolean): void;
  /** Names the page's button that opened the chat: it gets the focus back, once. */
  returnTo(opener: HTMLElement): void;
  paint(color: string | undefined): void;
}

export function makeLauncher(root: ShadowRoot, locale: string, press: () => void): LauncherButton {
  const text = words[locale.slice(0, 2).toLowerCase()] ?? words.en;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'launcher';
  button.setAttribute('part', 'launcher');
  const space = 'http://www.w3.org/2000/svg';
  const icon = document.createElementNS(space, 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  icon.append(path);
  const badge = document.createElement('b');
  badge.setAttribute('aria-hidden', 'true');
  button.append(icon, badge);
  button.addEventListener('click', press);
  let opener: HTMLElement | undefined;

  const launcher: LauncherButton = {
    update(open, unread) {
      button.setAttribute('aria-expanded', String(open));
      path.setAttribute('d', open ? arrow : bubble);
      badge.textContent = unread > 99 ? '99+' : unread > 0 ? String(unread) : '';
      const label = open ? text?.close : text?.open;
      button.setAttribute(
        'aria-label',
        `${label}${unread > 0 ? `, ${unread} ${text?.unread}` : ''}`,
      );
    },
    focus() {
      const last = opener?.isConnected ? opener : button;
      opener = undefined;
      last.focus();
    },
    returnTo: (element) => {
      opener = element;
    },
    show(visible) {
      if (visible && !button.isConnected) root.prepend(button);
      else if (!visible) button.remove();
    },
    paint: (color) => applyFill(root.host as HTMLElement, color),
  };
  launcher.update(false, 0);
  return launcher;
}
