import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { browserEnv } from '@usher/protocol/env';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { Redirect, Route, Switch, useLocation, useSearch } from 'wouter';
import { ApiError, api } from './api/http';
import { type Desk, openDesk } from './desk/desk';
import { DeskContext, useDesk, useView } from './desk/hooks';
import { failureWords } from './features/notices/errors';
import { Frame } from './features/shell/Frame';
import { Centre } from './features/signin/Centre';
import { Login, SignIn } from './features/signin/SignIn';
import {
  createI18n,
  english,
  type I18n,
  I18nContext,
  loadCatalogue,
  pickLocale,
  useI18n,
} from './i18n/i18n';
import { usePreferences } from './preferences/preferences';
import { Announcers } from './ui/announce';
import { Button } from './ui/Button';

/** The whole console. */
export function App() {
  const [queries] = useState(
    () =>
      new QueryClient({ defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: false } } }),
  );
  const i18n = useLanguage();
  if (!i18n) return null;
  return (
    <I18nContext value={i18n}>
      <I18nProvider locale={i18n.region}>
        <QueryClientProvider client={queries}>
          <Pages />
          <Announcers />
        </QueryClientProvider>
      </I18nProvider>
    </I18nContext>
  );
}

/** The language in use; undefined until its catalogue is there. English needs no waiting. */
function useLanguage(): I18n | undefined {
  const { locale } = usePreferences();
  const wanted = useMemo(
    () => (locale ? [locale, ...navigator.languages] : [...navigator.languages]),
    [locale],
  );
  const picked = pickLocale(wanted);
  const [loaded, setLoaded] = useState<I18n>();
  useEffect(() => {
    let here = true;
    loadCatalogue(picked)
      .then((catalogue) => here && setLoaded(createI18n(picked, catalogue, wanted)))
      .catch(() => here && setLoaded(english));
    return () => {
      here = false;
    };
  }, [picked, wanted]);
  useEffect(() => {
    if (loaded) document.documentElement.lang = loaded.locale;
  }, [loaded]);
  return loaded;
}

type Door =
  | { at: 'checking' }
  | { at: 'in'; desk: Desk }
  | { at: 'out' }
  | { at: 'failed'; error: unknown };

function Pages() {
  const [door, setDoor] = useState<Door>({ at: 'checking' });
  const search = useSearch();
  const [path] = useLocation();
  const enter = useCallback(async () => {
    const me = await api.me();
    const desk = await openDesk({ me, env: browserEnv() });
    desk.client.start();
    setDoor({ at: 'in', desk });
  }, []);
  const check = useCallback(() => {
    setDoor({ at: 'checking' });
    enter().catch((error: unknown) =>
      setDoor(
        error instanceof ApiError && error.status === 401 ? { at: 'out' } : { at: 'failed', error },
      ),
    );
  }, [enter]);

  const isInside = path !== '/sign-in' && path !== '/login';
  const mustCheck = isInside && door.at === 'checking';
  useEffect(() => {
    if (mustCheck) check();
  }, [mustCheck, check]);

  useEffect(() => {
    if (door.at !== 'in') return;
    return () => door.desk.client.stop();
  }, [door]);

  return (
    <Switch>
      <Route path="/sign-in">
        <SignIn onSignedIn={enter} />
      </Route>
      <Route path="/login">
        <Login isOut={new URLSearchParams(search).has('out')} />
      </Route>
      <Route>
        <Inside door={door} onRetry={check} />
      </Route>
    </Switch>
  );
}

function Inside({ door, onRetry }: { door: Door; onRetry(): void }) {
  const i18n = useI18n();
  const { t } = i18n;
  if (door.at === 'checking') return null;
  if (door.at === 'out') return <Redirect to="/login" replace />;
  if (door.at === 'failed') {
    return (
      <Centre title={t('start.failed')}>
        <p>{failureWords(door.error, i18n)}</p>
        <Button look="primary" onPress={onRetry}>
          {t('action.tryAgain')}
        </Button>
      </Centre>
    );
  }
  return (
    <DeskContext value={door.desk}>
      <SignedIn />
    </DeskContext>
  );
}

/** The console, until the desk says that this agent is signed in no longer. */
function SignedIn() {
  const desk = useDesk();
  const connection = useView((view) => view.connection);
  const told = connection.phase === 'stopped' && connection.why === 'signedOut';
  const isLost = connection.phase === 'waiting';
  const [isOut, setOut] = useState(false);

  // A socket that is refused does not say why: when the connection was lost, the desk is asked
  // whether the session still stands.
  useEffect(() => {
    if (!isLost) return;
    const stop = new AbortController();
    api.me(stop.signal).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) setOut(true);
    });
    return () => stop.abort();
  }, [isLost]);

  useEffect(() => {
    if (!told && !isOut) return;
    desk.client.stop();
    // The page begins anew, so that nothing of the session stays in memory.
    location.assign('/login?out=1');
  }, [told, isOut, desk]);
  return <Frame />;
}
