import { MessageCircle, Users } from 'lucide-react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { privateRoom, sortColleagues, teamName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { Empty } from '../../ui/Empty';
import { PresenceGlyph } from '../../ui/PresenceGlyph';
import { usePage } from '../shell/page';
import { loadWords, presenceWords } from '../standing/presence-words';

/** The members of the desk: who is there, how much they have, and a way to write to each. */
export default function PeoplePage() {
  const i18n = useI18n();
  const { t, locale } = i18n;
  const desk = useDesk();
  usePage({ title: t('nav.people'), focus: 'people' });
  const state = useView((view) => view.state);
  const people = useMemo(
    () => sortColleagues(state.agents.values(), desk.me.name, locale),
    [state, desk, locale],
  );
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.people')}</h1>
      </header>
      <div className="scroll">
        {people.length === 0 && (
          <Empty icon={<Users size={32} aria-hidden="true" />}>{t('people.none')}</Empty>
        )}
        <ul className="cards">
          {people.map((person) => {
            const id = privateRoom(desk.me.name, person.name);
            const unread = state.rooms.get(id)?.unread ?? 0;
            return (
              <li key={person.name}>
                <Link href={`/room/${encodeURIComponent(id)}`} className="card">
                  <span className="card-glyph">
                    <PresenceGlyph presence={person.presence} />
                  </span>
                  <span className="card-words">
                    <span className="card-title">
                      <bdi dir="auto">{person.displayName}</bdi>
                    </span>
                    <span className="text2">
                      {presenceWords(person.presence, i18n)}
                      {person.presence !== 'offline' &&
                        ` · ${t('people.load', { load: loadWords(person, i18n) })}`}
                    </span>
                    <span className="muted">
                      <bdi dir="auto">
                        {person.teams.map((team) => teamName(state, team)).join(', ')}
                      </bdi>
                    </span>
                  </span>
                  <span className="card-end">
                    {unread > 0 && (
                      <>
                        <Count value={unread} />
                        <span className="sr-only">{t('room.unreadWord')}</span>
                      </>
                    )}
                    <MessageCircle size={18} aria-hidden="true" />
                    <span className="sr-only">{t('people.write')}</span>
                  </span>
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}
