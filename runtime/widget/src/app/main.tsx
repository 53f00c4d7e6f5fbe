/** The app's way in: the loader calls what is left in its slot, once, with the host. */
import { browserEnv, tabStore } from '@usher/protocol/env';
import { Tab } from '@usher/protocol/tab';
import { render } from 'preact';
import { type App, appSlot, type Host, keysOf, type Start } from '../shared/host.ts';
import { ModelProvider } from './context.ts';
import { Model } from './model.ts';
import { Panel } from './panel.tsx';
import style from './style.css?inline';
import { wordsFor } from './words.ts';

const start: Start = (host) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];

  const words = wordsFor(host.locale);
  host.element.lang = words.language;
  if (host.mode === 'page') document.documentElement.lang = words.language;

  // Which tab this is may take a moment to know; what is asked meanwhile is done then.
  let wanted: boolean | undefined;
  let model: Model | undefined;
  void mount(host, words).then((made) => {
    model = made;
    if (wanted === true) model.show();
    else if (wanted === false) model.hide();
  });
  const turn = (open: boolean) => {
    wanted = open;
    if (open) model?.show();
    else model?.hide();
  };
  const app: App = {
    open: () => turn(true),
    close: () => turn(false),
    toggle: () => turn(!(model ? model.open.value : wanted)),
  };
  return app;
};

async function mount(host: Host, words: ReturnType<typeof wordsFor>): Promise<Model> {
  const env = browserEnv();
  const store = tabStore();
  const tab = await Tab.claim({ store, scope: keysOf(host.base, host.channel).tab, env });
  const model = new Model({ host, env, store, tab, words, page: () => location.href });
  const place = document.createElement('div');
  place.className = host.mode === 'page' ? 'app whole' : 'app';
  host.root.append(place);
  render(
    <ModelProvider value={model}>
      <Panel />
    </ModelProvider>,
    place,
  );
  return model;
}

(window as unknown as Record<string, unknown>)[appSlot] = start;
