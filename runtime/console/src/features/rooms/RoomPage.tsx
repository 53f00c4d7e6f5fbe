import type { Room } from '@usher/protocol/protocol';
import { useEffect, useMemo } from 'react';
import { useDesk, useView } from '../../desk/hooks';
import { agentName, privateRoom, teamName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { SkeletonRows } from '../../ui/Empty';
import { PresenceGlyph } from '../../ui/PresenceGlyph';
import { Composer } from '../conversation/Composer';
import { MessageLog } from '../conversation/MessageLog';
import { failureWords } from '../notices/errors';
import { NoRight } from '../shell/NoRight';
import { usePage } from '../shell/page';
import { useVisible } from '../shell/visible';
import { presenceWords } from '../standing/presence-words';
import { asMessages, pendingPosts } from './post-rows';
import { useRoomHistory } from './useRoomHistory';
import '../conversation/chat.css';

/** A team's chat, or two members' own; never seen by a customer (feature R16). */
export default function RoomPage({ id }: { id: string }) {
  const { t } = useI18n();
  const desk = useDesk();
  const loaded = useView((view) => view.state.loaded);
  const told = useView((view) => view.state.rooms.get(id));
  const agents = useView((view) => view.state.agents);
  const room = useMemo(() => {
    if (told) return told;
    // A private room is there before anybody wrote in it.
    const other = [...agents.values()].find(({ name }) => privateRoom(desk.me.name, name) === id);
    if (!other) return undefined;
    const { name, displayName } = other;
    return { id, kind: 'private', with: name, name: displayName, unread: 0 } satisfies Room;
  }, [told, agents, id, desk]);
  usePage({ title: room?.name ?? t('room.team'), focus: room ? undefined : id });
  if (!loaded) {
    return (
      <>
        <h1 className="sr-only">{t('state.loading')}</h1>
        <SkeletonRows rows={6} label={t('state.loading')} />
      </>
    );
  }
  if (!room) return <NoRight kind="room" name={id.replace(/^[tp]:/, '')} />;
  return <OpenRoom key={id} room={room} />;
}

function OpenRoom({ room }: { room: Room }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const visible = useVisible();
  const { id } = room;
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const all = useView((view) => view.entries);
  const history = useRoomHistory(id);
  const messages = useMemo(
    () => asMessages(history.rows, desk.me.name),
    [history.rows, desk.me.name],
  );
  const entries = useMemo(() => pendingPosts(all, id, history.rows), [all, id, history.rows]);
  const last = history.rows.at(-1)?.seq ?? 0;
  const isPrivate = room.kind === 'private';
  const name = isPrivate
    ? room.with
      ? agentName(state, room.with)
      : room.name
    : teamName(state, room.team ?? room.name);

  // What is in sight is read, on every device of this agent.
  const readSeq = room.readSeq ?? 0;
  useEffect(() => {
    if (visible && live && last > readSeq) desk.acts.read(id, last);
  }, [desk, id, last, readSeq, visible, live]);

  const other = room.with ? state.agents.get(room.with) : undefined;
  const team = room.team ? state.teams.get(room.team) : undefined;
  return (
    <div className="chat">
      <div className="chat-main">
        <header className="page-head">
          <div className="page-head-words">
            <h1 className="ellipsis">
              <bdi dir="auto">{isPrivate ? name : t('room.ofTeam', { team: name })}</bdi>
            </h1>
            <p className="text2 with-glyph">
              {other && <PresenceGlyph presence={other.presence} />}
              {other
                ? presenceWords(other.presence, i18n)
                : team
                  ? t('team.online', { count: team.online })
                  : ''}
              {' · '}
              {t('room.unseen')}
            </p>
          </div>
        </header>
        <MessageLog
          label={t('room.log', { name })}
          customer={name}
          me={desk.me.displayName}
          messages={messages}
          entries={entries}
          hasOlder={history.hasOlder}
          isLoading={history.isLoading}
          historyError={
            history.error
              ? `${t('log.historyFailed')} ${failureWords(history.error, i18n) ?? ''}`
              : undefined
          }
          typing={undefined}
          empty={t('room.empty')}
          onOlder={history.loadOlder}
          onRetry={(key) => desk.client.retry(key)}
          onDelete={(key) => desk.client.remove(key)}
        />
        <Composer
          draft={id}
          to={name}
          autoFocus={!matchMedia('(pointer: coarse)').matches}
          onSend={(text) => desk.client.post(text, id)}
        />
      </div>
    </div>
  );
}
