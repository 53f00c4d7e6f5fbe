import { Coffee } from 'lucide-react';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import type { Line as Place } from '../../desk/count';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { preferences } from '../../preferences/preferences';
import { Empty } from '../../ui/Empty';
import { useAct } from '../notices/useAct';
import { Preview } from './Preview';
import { useGrabs } from './useGrabs';
import { useRows } from './useRows';
import { WaitingList } from './WaitingList';

/**
 * Those who wait in a queue or for a team, with a preview of one of them. `address` is where the list
 * stands; that of a preview goes on from there. `empty` says why nobody is here, when there is a reason.
 */
export function Line(props: {
  place: Place;
  shown: string | undefined;
  address: string;
  empty?: string | undefined;
}) {
  const { place, shown, address } = props;
  const { t } = useI18n();
  const [, go] = useLocation();
  const desk = useDesk();
  const live = useView((view) => view.connection.phase === 'live');
  const waiting = useView((view) => view.state.waiting);
  const { rows, sort, onSort } = useRows(place);
  const { busy, act } = useAct();
  const grabs = useGrabs();
  const canAccept = live && busy === undefined;

  const accept = (conversation: string) => {
    if (!canAccept) return;
    const row = waiting.get(conversation);
    void act(conversation, () =>
      row && grabs(row) ? desk.acts.grab(conversation) : desk.pick(conversation),
    ).then((ok) => ok && go(`/c/${conversation}`));
  };
  const preview = (conversation: string) =>
    go(`${address}/w/${encodeURIComponent(conversation)}`, { replace: shown !== undefined });
  const close = () => go(address);
  useActions(2, shown ? { accept: () => accept(shown) } : {});

  useEffect(() => {
    if (!shown) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as Element | null;
      if (
        event.key === 'Escape' &&
        !event.defaultPrevented &&
        !target?.closest('[role="dialog"],[role="menu"]')
      ) {
        go(address);
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [shown, address, go]);

  return (
    <div className={shown ? 'line with-preview' : 'line'}>
      <div className="line-list">
        {rows.length === 0 ? (
          <Empty icon={<Coffee size={32} aria-hidden="true" />}>
            {props.empty ??
              t(preferences.getState().sound === 'off' ? 'waiting.emptySilent' : 'waiting.empty')}
          </Empty>
        ) : (
          <WaitingList
            rows={rows}
            sort={sort}
            shown={shown}
            canAccept={canAccept}
            accepting={busy}
            grabs={grabs}
            label={t('waiting.label')}
            onSort={onSort}
            onPreview={preview}
            onAccept={accept}
          />
        )}
      </div>
      {shown && (
        <Preview
          key={shown}
          conversation={shown}
          canAccept={canAccept}
          accepting={busy}
          grabs={grabs}
          onAccept={accept}
          onClose={close}
        />
      )}
    </div>
  );
}
