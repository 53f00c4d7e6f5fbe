import { type KeyboardEvent, useId, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { useDesk, useTabs, useView } from '../../desk/hooks';
import { privateRoom, sortColleagues } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { KEYS, writeKey } from '../../keys/keys';
import { canRun, runAction } from '../../keys/useKeys';
import { Dialog } from '../../ui/Dialog';
import { sortQueues } from '../queues/queue-look';
import { sortTeams } from '../shell/sort-teams';
import { CHOICES, usePresence } from '../standing/Standing';
import { customerName } from '../waiting/waiting-words';
import './palette.css';

interface Item {
  id: string;
  label: string;
  hint: string;
  keys?: string;
  run(): void;
}

/** Every place and every action by name; it shows the keys too. */
export default function Palette({ onClose }: { onClose(): void }) {
  const i18n = useI18n();
  const { t, locale } = i18n;
  const [, go] = useLocation();
  const queues = useView((view) => view.state.queues);
  const teams = useView((view) => view.state.teams);
  const agents = useView((view) => view.state.agents);
  const me = useView((view) => view.state.me);
  const { set: setPresence } = usePresence();
  const desk = useDesk();
  const tabs = useTabs();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

  const items = useMemo(() => {
    const list: Item[] = [
      ...sortQueues(queues.values(), locale).map((queue) => ({
        id: `queue-${queue.name}`,
        label: queue.displayName,
        hint: t('palette.queue'),
        run: () => go(`/queue/${encodeURIComponent(queue.name)}`),
      })),
      ...tabs.map(({ conversation }) => ({
        id: `chat-${conversation.id}`,
        label: customerName(conversation, i18n),
        hint: t('palette.chat'),
        run: () => go(`/c/${conversation.id}`),
      })),
      ...sortTeams(teams.values(), locale).map((team) => ({
        id: `team-${team.name}`,
        label: team.displayName,
        hint: t('palette.team'),
        run: () => go(`/team/${encodeURIComponent(team.name)}`),
      })),
      ...sortColleagues(agents.values(), desk.me.name, locale).map((person) => ({
        id: `person-${person.name}`,
        label: person.displayName,
        hint: t('palette.person'),
        run: () => go(`/room/${encodeURIComponent(privateRoom(desk.me.name, person.name))}`),
      })),
      ...(me
        ? CHOICES.filter((presence) => presence !== me.presence).map((presence) => ({
            id: `presence-${presence}`,
            label: t(`presence.${presence}.long`),
            hint: t('presence.label'),
            run: () => setPresence(presence),
          }))
        : []),
      ...[
        { id: 'go-queues', label: t('nav.queues'), to: '/queues' },
        { id: 'go-chats', label: t('nav.chats'), to: '/chats' },
        { id: 'go-me', label: t('nav.forMe'), to: '/me' },
        { id: 'go-open', label: t('nav.open'), to: '/open' },
        { id: 'go-inactive', label: t('nav.inactive'), to: '/inactive' },
        { id: 'go-people', label: t('nav.people'), to: '/people' },
        { id: 'go-links', label: t('nav.links'), to: '/links' },
        { id: 'go-settings', label: t('nav.settings'), to: '/settings' },
      ].map(({ id, label, to }) => ({ id, label, hint: t('palette.page'), run: () => go(to) })),
    ];
    for (const line of KEYS) {
      if (
        /^(palette|row|preview|tab|go(?!Log)|nextPane|previousPane)/.test(line.action) ||
        !canRun(line.action)
      )
        continue;
      list.push({
        id: `do-${line.action}`,
        label: t(line.label),
        hint: t('palette.action'),
        keys: line.keys.map((key) => writeKey(key, isMac)).join(' '),
        run: () => void runAction(line.action),
      });
    }
    return list;
  }, [queues, teams, agents, me, tabs, desk, locale, i18n, t, go, isMac, setPresence]);

  const wanted = text.trim().toLocaleLowerCase(locale);
  const found = items.filter((item) => item.label.toLocaleLowerCase(locale).includes(wanted));
  const index = Math.min(at, found.length - 1);
  const run = (item: Item | undefined) => {
    if (!item) return;
    onClose();
    // After the dialog has given the focus back.
    setTimeout(item.run);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, index + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, index - 1));
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(found[index]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog wide title={t('palette.title')} isOpen onOpenChange={(open) => !open && onClose()}>
      <input
        className="input"
        role="combobox"
        aria-label={t('palette.title')}
        aria-expanded="true"
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={found[index] ? `${listId}-${found[index].id}` : undefined}
        placeholder={t('palette.placeholder')}
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette" role="listbox" id={listId} aria-label={t('palette.title')}>
        {found.map((item, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox hears the keys.
          <div
            key={item.id}
            id={`${listId}-${item.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === index}
            className="palette-item"
            ref={i === index ? (el) => el?.scrollIntoView({ block: 'nearest' }) : undefined}
            onClick={() => run(item)}
          >
            <bdi className="ellipsis" dir="auto">
              {item.label}
            </bdi>
            <span className="text2">
              {item.hint} {item.keys && <kbd>{item.keys}</kbd>}
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="muted">{t('palette.none')}</p>}
    </Dialog>
  );
}
