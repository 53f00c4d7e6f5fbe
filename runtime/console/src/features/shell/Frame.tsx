import { lazy, Suspense, useEffect, useState } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { useDesk, useLocal, useTabs, useView } from '../../desk/hooks';
import { offersOf, unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { useActions, useKeyboard } from '../../keys/useKeys';
import { keep } from '../../preferences/preferences';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';
import { ChatPage } from '../conversation/ChatPage';
import { ChatsPage } from '../conversation/ChatsPage';
import { Alerts } from '../notices/Alerts';
import { Notes } from '../notices/Notes';
import { useAct } from '../notices/useAct';
import { Offers } from '../offers/Offers';
import { QueuesPage } from '../queues/QueuesPage';
import { sortQueues } from '../queues/queue-look';
import { QueuePage } from '../waiting/QueuePage';
import { BottomBar } from './BottomBar';
import { ConnectionBar } from './ConnectionBar';
import { NotFound } from './NoRight';
import { usePageTitle } from './page';
import { movePane } from './panes';
import { Sidebar } from './Sidebar';
import './shell.css';

const Palette = lazy(() => import('../palette/Palette'));
const Help = lazy(() => import('../help/Help').then((m) => ({ default: m.Help })));
const SettingsPage = lazy(() =>
  import('../settings/SettingsPage').then((m) => ({ default: m.SettingsPage })),
);

const MePage = lazy(() => import('../personal/MePage'));
const TeamPage = lazy(() => import('../team/TeamPage'));
const OpenPage = lazy(() => import('../team/OpenPage'));
const InactivePage = lazy(() => import('../inactive/InactivePage'));
const RoomPage = lazy(() => import('../rooms/RoomPage'));
const PeoplePage = lazy(() => import('../rooms/PeoplePage'));
const WhyPage = lazy(() => import('../explain/WhyPage'));
const LinksPage = lazy(() => import('../links/LinksPage'));
const MorePage = lazy(() => import('./MorePage'));

const LAST_PLACE = 'usher.place';

/** The signed-in console: sidebar, screen, offers, notes. */
export function Frame() {
  const { t } = useI18n();
  const desk = useDesk();
  const [path, go] = useLocation();
  const tabs = useTabs();
  const live = useView((view) => view.connection.phase === 'live');
  const outdated = useLocal((local) => local.outdated);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const { busy, act } = useAct();
  useKeyboard();
  useTitle();

  useEffect(() => {
    if (path !== '/') keep.set(LAST_PLACE, path);
  }, [path]);

  const open = (index: number) => {
    const tab = tabs[index];
    if (tab) go(`/c/${tab.conversation.id}`);
  };
  const step = (by: number) => {
    const now = tabs.findIndex((tab) => path === `/c/${tab.conversation.id}`);
    open(now < 0 ? 0 : (now + by + tabs.length) % tabs.length);
  };
  const favour = useFavour(path);
  const acceptNextOfAll = () =>
    void act('next', async () => {
      const ack = await desk.client.ask({ type: 'pick' });
      if (ack.conversation) go(`/c/${ack.conversation}`);
    });
  useActions(0, {
    palette: () => setPalette(true),
    help: () => setHelp(true),
    nextPane: () => movePane(1),
    previousPane: () => movePane(-1),
    goQueues: () => go('/queues'),
    goMe: () => go('/me'),
    goOpen: () => go('/open'),
    goInactive: () => go('/inactive'),
    goPeople: () => go('/people'),
    ...(live && favour ? { favour } : {}),
    ...(live && !busy ? { acceptNext: acceptNextOfAll } : {}),
    ...(tabs.length > 0
      ? {
          nextTab: () => step(1),
          previousTab: () => step(-1),
          ...Object.fromEntries(tabs.slice(0, 9).map((_, i) => [`tab${i + 1}`, () => open(i)])),
        }
      : {}),
  });

  return (
    <>
      <a className="skip" href="#main">
        {t('nav.skip')}
      </a>
      <div className="app">
        <Sidebar />
        <main className="main" id="main" data-pane tabIndex={-1}>
          <ConnectionBar />
          {outdated && (
            <Banner
              tone="info"
              action={
                <Button small onPress={() => location.reload()}>
                  {t('connection.reload')}
                </Button>
              }
            >
              {t('connection.update')}
            </Banner>
          )}
          <Alerts />
          <Offers />
          <Suspense fallback={<h1 className="sr-only">{t('state.loading')}</h1>}>
            <Switch>
              <Route path="/">
                <LastPlace />
              </Route>
              <Route path="/queues">
                <QueuesPage />
              </Route>
              <Route path="/queue/:name/w/:conversation">
                {({ name, conversation }) => (
                  <QueuePage
                    name={decodeURIComponent(name)}
                    shown={decodeURIComponent(conversation)}
                    tab="waiting"
                  />
                )}
              </Route>
              <Route path="/queue/:name/activity">
                {({ name }) => <QueuePage name={decodeURIComponent(name)} tab="activity" />}
              </Route>
              <Route path="/queue/:name">
                {({ name }) => <QueuePage name={decodeURIComponent(name)} tab="waiting" />}
              </Route>
              <Route path="/chats">
                <ChatsPage />
              </Route>
              <Route path="/c/:id">{({ id }) => <ChatPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/me">
                <MePage />
              </Route>
              <Route path="/team/:name/w/:conversation">
                {({ name, conversation }) => (
                  <TeamPage
                    name={decodeURIComponent(name)}
                    shown={decodeURIComponent(conversation)}
                  />
                )}
              </Route>
              <Route path="/team/:name">
                {({ name }) => <TeamPage name={decodeURIComponent(name)} />}
              </Route>
              <Route path="/open">
                <OpenPage />
              </Route>
              <Route path="/inactive">
                <InactivePage />
              </Route>
              <Route path="/people">
                <PeoplePage />
              </Route>
              <Route path="/room/:id">{({ id }) => <RoomPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/why/:id">{({ id }) => <WhyPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/links">
                <LinksPage />
              </Route>
              <Route path="/more">
                <MorePage />
              </Route>
              <Route path="/settings">
                <SettingsPage />
              </Route>
              <Route>
                <NotFound />
              </Route>
            </Switch>
          </Suspense>
        </main>
        <BottomBar />
      </div>
      <Notes />
      <Suspense>
        {palette && <Palette onClose={() => setPalette(false)} />}
        {help && <Help onClose={() => setHelp(false)} />}
      </Suspense>
    </>
  );
}

/** Marks the queue or team that is looked at as a favourite, or takes the mark away. */
function useFavour(path: string): (() => void) | undefined {
  const desk = useDesk();
  const { act } = useAct();
  const state = useView((view) => view.state);
  const [, kind, encoded] = path.match(/^\/(queue|team)\/([^/]+)/) ?? [];
  const name = encoded === undefined ? '' : decodeURIComponent(encoded);
  const thing = kind === 'team' ? state.teams.get(name) : state.queues.get(name);
  if (!thing) return undefined;
  const to = { kind: kind === 'team' ? 'team' : 'queue', name } as const;
  return () => void act('favour', () => desk.acts.favour(to, !thing.favourite));
}

/** Where this browser was last, else the first queue. */
function LastPlace() {
  const { locale, t } = useI18n();
  const loaded = useView((view) => view.state.loaded);
  const queues = useView((view) => view.state.queues);
  if (!loaded) return <h1 className="sr-only">{t('state.loading')}</h1>;
  const last = keep.get(LAST_PLACE);
  const name = last?.match(/^\/queue\/([^/]+)/)?.[1];
  if (name && queues.has(decodeURIComponent(name)))
    return <Redirect to={`/queue/${name}`} replace />;
  const first = sortQueues(queues.values(), locale)[0];
  return <Redirect to={first ? `/queue/${encodeURIComponent(first.name)}` : '/queues'} replace />;
}

/** "(3) Customer service – North Support": what waits for me stands in the window's title. */
function useTitle(): void {
  const desk = useDesk();
  const title = usePageTitle();
  const state = useView((view) => view.state);
  const tabs = useTabs();
  const read = useLocal((local) => local.read);
  let count = offersOf(state).length;
  for (const queue of state.queues.values()) count += queue.waiting;
  for (const team of state.teams.values()) count += team.waiting;
  for (const row of state.waiting.values()) if (row.agent === desk.me.name) count++;
  count += state.invitations.size;
  for (const room of state.rooms.values()) if (room.unread > 0) count++;
  for (const tab of tabs) if (unreadOf(tab, read.get(tab.conversation.id) ?? 0) > 0) count++;
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}${title ? `${title} – ` : ''}${desk.me.deskName}`;
  }, [count, title, desk]);
}
