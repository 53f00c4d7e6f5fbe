/**
 * The script of a page that offers the chat:
 *
 *     <script src="https://desk.example/widget/loader.js" data-channel="web" defer></script>
 *
 * It reads one JSON, shows the launcher, and loads the app when the chat is opened or a
 * conversation goes on. data-lang overrules the page's language; data-mode="page" fills the page.
 * data-usher-to and data-usher-key are a support link's token and a session key; data-secure is what
 * the site says of its customer, sealed.
 */
import type { Channel } from '@usher/protocol/protocol';
import {
  type App,
  appSlot,
  type Config,
  type Host,
  keysOf,
  type Mode,
  recall,
  rulesSlot,
  type Start,
  scopeOf,
  type Visit,
  type WatchVisit,
  type Wish,
} from '../shared/host.ts';
import { publish } from './api.ts';
import { attributesOf, watchButtons, wishOf } from './buttons.ts';
import { fetchConfig } from './config.ts';
import { adopt, makeLauncher } from './launcher.ts';

/** Names of the files of app and rules, with their hashes; set by the build. */
declare const __APP__: string;
declare const __RULES__: string;

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
  let latest: Channel | undefined;
  let opened = false;
  let attributes = {};
  let secure = script.dataset.secure || undefined;
  const query = new URLSearchParams(mode === 'page' ? location.search : '');
  const wish: Wish = {
    ...wishOf(script.dataset),
    ...wishOf({ usherTo: query.get('to') ?? '', usherKey: query.get('key') ?? '' }),
  };
  const fetchIt = async (link?: string) => {
    config = await fetchConfig(base, channel, link);
    latest = config.channel ?? latest;
    return config;
  };
  const load = <T>(file: string, slot: string) => loadScript<T>(`${base}/widget/${file}`, slot);
  const withApp = (run: (app: App) => void) => {
    app ??= load<Start>(__APP__, appSlot).then((start) => start(host));
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
  const open = (wanted: Wish) => void begun.then(() => withApp((it) => it.open(wanted)));
  const api = publish({
    open,
    close: () => app && withApp((it) => it.close()),
    set: (more) => {
      attributes = { ...attributes, ...more };
      show();
    },
    secure: (sealed) => {
      secure = sealed;
    },
  });
  const launcher =
    mode === 'bubble' ? makeLauncher(root, locale, () => withApp((it) => it.toggle())) : undefined;
  const scope = scopeOf(base, channel);
  const { session, contact, open: wasOpen } = keysOf(scope);
  let visit: Visit | undefined;
  let asked = false;
  /** Whether the channel's rules hold; not before their script is there. */
  const isTarget = (): boolean => {
    const rules = latest?.targeting ?? [];
    if (rules.length === 0) return true;
    if (visit) return visit.holds(rules);
    if (!asked) {
      asked = true;
      load<WatchVisit>(__RULES__, rulesSlot).then(
        (watch) => {
          const own = () => attributesOf(script, attributes);
          visit = watch({ scope, attributes: own, changed: show });
          show();
        },
        () => {
          asked = false;
        },
      );
    }
    return false;
  };
  const host: Host = {
    mode,
    base,
    channel,
    locale,
    element,
    root,
    launcher,
    wish,
    get config() {
      return config;
    },
    get secure() {
      return secure;
    },
    fetchConfig: fetchIt,
    load,
    follow: (channel) => {
      latest = channel;
      show();
    },
    emit: (name, detail) => {
      if (name === 'opened') opened = true;
      if (name === 'closed') opened = false;
      show();
      api.emit(name, detail);
    },
  };

  const talking = () => recall(session) !== null || recall(contact) !== null;
  const show = () => {
    if (!latest || !launcher) return;
    const hide = latest.whenUnavailable === 'Hide' && !latest.offered;
    // Whoever is in the middle of something keeps the way to it.
    launcher.show(opened || talking() || (!hide && isTarget()));
  };
  const apply = () => {
    launcher?.paint(latest?.accentColor);
    show();
  };

  await Promise.all([fetchIt(wish.link), bodyReady()]);
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
  apply();
  begin();
  api.ready(config.channel);
  watchButtons(channel, (wanted, button) => {
    launcher?.returnTo(button);
    open(wanted);
    return true;
  });
  if (talking() || recall(wasOpen) !== null) withApp(() => {});
  keepFresh(() => app === undefined, fetchIt, apply, config);
}

/** Without the app nothing is pushed: the config is read again when it matters. */
function keepFresh(
  needed: () => boolean,
  fetchIt: () => Promise<Config>,
  apply: () => void,
  first: Config,
): void {
  let readAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    if (!needed()) return;
    plan(await fetchIt());
    apply();
  };
  const plan = ({ channel }: Config) => {
    readAt = Date.now();
    const wait = (channel?.opensAt ?? 0) - readAt;
    clearTimeout(timer);
    // Spread over 20 s, so that a desk that opens is not asked by all pages at once; a longer wait
    // than a timer can hold is left to the next page.
    if (wait > 0 && wait < 86_400_000) timer = setTimeout(again, wait + Math.random() * 20_000);
  };
  plan(first);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && Date.now() - readAt > configLasts) void again();
  });
}

/** Loads a script and gives what it leaves in its slot. */
function loadScript<T>(src: string, slot: string): Promise<T> {
  return new Promise((resolve, reject) => {
    // A classic script, because it needs no CORS and runs where a page's policy allows this one.
    const script = document.createElement('script');
    script.src = src;
    script.async = true;
    script.onload = () => {
      const left = (window as unknown as Record<string, unknown>)[slot] as T | undefined;
      if (left) resolve(left);
      else reject(new Error('not ours'));
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
