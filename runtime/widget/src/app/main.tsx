/** The app's way in: the loader calls what is left in its slot, once, with the host. */
import { browserEnv, tabStore } from '@usher/protocol/env';
import { Tab } from '@usher/protocol/tab';
import { render } from 'preact';
import { type App, appSlot, type Host, type Start, scopeOf, type Wish } from '../shared/host.ts';
import { fetchCatalogue } from './catalogue.ts';
import { ModelProvider } from './context.ts';
import forms from './forms.css?inline';
import { Model } from './model.ts';
import { Panel } from './panel.tsx';
import style from './style.css?inline';
import { wordsFor } from './words.ts';

const start: Start = (host) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style + forms);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];

  // Words and which tab this is may take a moment; what is asked meanwhile is done then.
  let wanted: boolean | undefined;
  let wish: Wish = {};
  let model: Model | undefined;
  void mount(host).then((made) => {
    model = made;
    if (wanted === true) model.show(wish);
    else if (wanted === false) model.hide();
  });
  const turn = (open: boolean, what: Wish = {}) => {
    wanted = open;
    wish = { ...wish, ...what };
    if (open) model?.show(what);
    else model?.hide();
  };
  const app: App = {
    open: (what) => turn(true, what),
    close: () => turn(false),
    toggle: () => turn(!(model ? model.open.value : wanted)),
  };
  return app;
};

async function mount(host: Host): Promise<Model> {
  const env = browserEnv();
  const store = tabStore();
  const scope = scopeOf(host.base, host.channel);
  const [tab, catalogue] = await Promise.all([
    Tab.claim({ store, scope, env }),
    fetchCatalogue(host),
  ]);
  const words = wordsFor(host.locale, catalogue);
  host.element.lang = words.language;
  if (host.mode === 'page') document.documentElement.lang = words.language;
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
