/**
 * The script of a page that offers the chat:
 *
 *     <script src="https://desk.example/widget/loader.js" data-channel="web" defer></script>
 *
 * It reads one JSON, shows the launcher, and loads the app when the chat is opened or a
 * conversation goes on. data-lang overrules the page's language; data-mode="page" fills the page.
 */
import { accentOf } from '../shared/color.ts';
import {
  type App,
  appSlot,
  type Config,
  type Events,
  type Host,
  keysOf,
  type Mode,
  recall,
  type Start,
} from '../shared/host.ts';
import { publish } from './api.ts';
import { fetchConfig, fetchMessages } from './config.ts';
import { adopt, makeLauncher } from './launcher.ts';

/** Name of the app's file, with its hash; set by the build. */
declare const __APP__: string;

/** A config older than this is read again when the page is looked at again. */
const configLasts = 5 * 60_000;

async function load(script: HTMLScriptElement): Promise<void> {
  const base = script.src.replace(/\/widget\/[^/]*$/, '');
  const mode: Mode = script.dataset.mode === 'page' ? 'page' : 'bubble';
  const channel = script.dataset.channel || channelOfAddress();
  const locale = script.dataset.lang || pageLocale(mode);

  const element = document.createElement('usher-chat');
  const root = element.attachShadow({ mode: 'open' });
  if (mode === 'bubble') adopt(root);

  let app: Promise<App> | undefined;
  let config = { failed: 'unreachable' } as Config;
  let opened = false;
  const fetchIt = async () => {
    config = await fetchConfig(base, channel);
    return config;
  };
  const withApp = (run: (app: App) => void) => {
    app ??= loadApp(`${base}/widget/${__APP__}`, host);
    // A failed load is forgotten, so that the next press tries again.
    app.then(run, () => {
      app = undefined;
      console.warn('usher: the chat could not be loaded');
    });
  };
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const api = publish({
    open: () => void begun.then(() => withApp((it) => it.open())),
    close: () => app && withApp((it) => it.close()),
  });
  const launcher =
    mode === 'bubble' ? makeLauncher(root, locale, () => withApp((it) => it.toggle())) : undefined;
  const host: Host = {
    mode,
    base,
    channel,
    locale,
    element,
    root,
    launcher,
    get config() {
      return config;
    },
    fetchConfig: fetchIt,
    fetchMessages: (session, before) => fetchMessages(base, session, before),
    emit: (name, detail) => {
      if (name === 'opened') opened = true;
      if (name === 'closed') opened = false;
      api.emit(name, detail);
      if (name === 'offered') show((detail as Events['offered']).offered);
    },
  };

  const talking = () => recall(keysOf(base, channel).session) !== null;
  const show = (offered: boolean) => {
    // Whoever is in the middle of something keeps the way to it.
    const hide = config.channel?.whenUnavailable === 'Hide' && !offered;
    launcher?.show(!hide || opened || talking());
  };
  const apply = (now: Config) => {
    if (!now.channel) return;
    launcher?.paint(accentOf(now.channel.accentColor));
    show(now.channel.offered);
  };

  await Promise.all([fetchIt(), bodyReady()]);
  if (mode === 'page') {
    document.body.append(element);
    begin();
    withApp(() => {});
    return;
  }
  if (!config.channel) {
    console.warn(`usher: the chat "${channel}" is not available to this page (${config.failed})`);
    return;
  }
  document.body.append(element);
  apply(config);
  begin();
  api.ready(config.channel);
  if (talking() || recall(keysOf(base, channel).open) !== null) withApp(() => {});
  keepFresh(() => app === undefined, fetchIt, apply, config.channel.opensAt);
}

/** Without the app nothing is pushed: the config is read again when it matters. */
function keepFresh(
  needed: () => boolean,
  fetchIt: () => Promise<Config>,
  apply: (config: Config) => void,
  opensAt: number | undefined,
): void {
  let readAt = Date.now();
  const again = async () => {
    if (!needed()) return;
    readAt = Date.now();
    apply(await fetchIt());
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && Date.now() - readAt > configLasts) void again();
  });
  const wait = (opensAt ?? 0) - Date.now();
  // Spread over 20 s, so that a desk that opens is not asked by all pages at once; a longer wait
  // than a timer can hold is left to the next page.
  if (wait > 0 && wait < 86_400_000) setTimeout(again, wait + Math.random() * 20_000);
}

function loadApp(src: string, host: Host): Promise<App> {
  return new Promise((resolve, reject) => {
    // A classic script, because it needs no CORS and runs where a page's policy allows this one.
    const script = document.createElement('script');
    script.src = src;
    script.async = true;
    script.onload = () => {
      const start = (window as unknown as Record<string, unknown>)[appSlot] as Start | undefined;
      if (start) resolve(start(host));
      else reject(new Error('not the app'));
    };
    script.onerror = () => {
      script.remove();
      reject(new Error('not loaded'));
    };
    document.head.append(script);
  });
}

/** /w/{channel} of the desk's own page. */
function channelOfAddress(): string {
  const found = /\/w\/([^/]+)\/?$/.exec(location.pathname);
  return decodeURIComponent(found?.[1] ?? '');
}

/** The desk's own page speaks the visitor's language, another page its own. */
function pageLocale(mode: Mode): string {
  const page = document.documentElement.lang;
  const browser = navigator.language;
  if (mode === 'page' || !page) return browser;
  // The same language with a region knows the visitor's formats.
  return browser.slice(0, 2).toLowerCase() === page.slice(0, 2).toLowerCase() ? browser : page;
}

function bodyReady(): Promise<void> {
  if (document.body) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', () => resolve(), { once: true });
  });
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement && !script.dataset.loaded) {
  script.dataset.loaded = 'true';
  void load(script);
}
