import type { Link, Target } from '@usher/protocol/protocol';
import { useState } from 'react';
import { api } from '../../api/http';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { CopyField } from '../../ui/CopyField';
import { Choices } from '../../ui/Fields';
import { Select } from '../../ui/Select';
import { useAct } from '../notices/useAct';
import { sortQueues } from '../queues/queue-look';
import { usePage } from '../shell/page';
import '../personal/personal.css';
import './links.css';

const DAY = 86_400_000;
const ENDS = { day: DAY, week: 7 * DAY, month: 30 * DAY, year: 365 * DAY } as const;
type End = keyof typeof ENDS;

/** Makes signed links that lead to me, and for admins to their teams and queues (R9, R18). */
export default function LinksPage() {
  const i18n = useI18n();
  const { t, locale } = i18n;
  usePage({ title: t('nav.links'), focus: 'links' });
  const desk = useDesk();
  const now = useServerMinute();
  const state = useView((view) => view.state);
  const { channels } = desk.me;
  const [channel, setChannel] = useState<string>();
  const [to, setTo] = useState(`agent/${desk.me.name}`);
  const [end, setEnd] = useState<End>('month');
  const [made, setMade] = useState<Link>();
  const { busy, act } = useAct();
  const page = channel ?? channels[0]?.name ?? '';

  const admin = [...state.teams.values()].filter(({ role }) => role === 'Admin');
  const targets = [
    { value: `agent/${desk.me.name}`, label: t('links.toMe') },
    ...admin.map((team) => ({
      value: `team/${team.name}`,
      label: t('links.toTeam', { name: team.displayName }),
    })),
    ...(admin.length > 0
      ? sortQueues(state.queues.values(), locale).map((queue) => ({
          value: `queue/${queue.name}`,
          label: t('links.toQueue', { name: queue.displayName }),
        }))
      : []),
  ];

  const make = () =>
    void act('link', async () => {
      const expires = desk.client.clock.now() + ENDS[end] - (end === 'year' ? 60_000 : 0);
      setMade(await api.makeLink({ channel: page, to: targetOf(to), expires }));
    });

  return (
    <>
      <header className="page-head">
        <div className="page-head-words">
          <h1>{t('nav.links')}</h1>
          <p className="text2">{t('links.means')}</p>
        </div>
      </header>
      <div className="scroll">
        <form
          className="links stack"
          onSubmit={(event) => {
            event.preventDefault();
            make();
          }}
        >
          <Select label={t('links.to')} value={to} options={targets} onChange={setTo} />
          {channels.length > 0 ? (
            <Select
              label={t('links.channel')}
              value={page}
              options={channels.map(({ name, displayName }) => ({
                value: name,
                label: displayName,
              }))}
              onChange={setChannel}
            />
          ) : (
            <p className="text2">{t('links.noChannel')}</p>
          )}
          <Choices<End>
            label={t('links.end')}
            value={end}
            onChange={setEnd}
            options={(Object.keys(ENDS) as End[]).map((value) => ({
              value,
              label: t(`links.end.${value}`),
            }))}
          />
          <div>
            <Button look="primary" type="submit" isDisabled={busy !== undefined || page === ''}>
              {busy ? t('switch.working') : t('links.make')}
            </Button>
          </div>
        </form>
        {made && (
          <section className="links stack" aria-label={t('links.made')}>
            <p role="status">
              <strong>{t('links.madeUntil', { when: i18n.moment(made.expires, now) })}</strong>
            </p>
            <CopyField label={t('links.url')} text={made.url} />
            <CopyField label={t('links.anchor')} text={anchor(made.url, t('links.words'))} />
            <CopyField label={t('links.button')} text={button(made.token, t('links.words'))} />
            <p className="muted">{t('links.buttonMeans')}</p>
          </section>
        )}
      </div>
    </>
  );
}

function targetOf(value: string): Target {
  const [kind, ...name] = value.split('/');
  return { kind: kind === 'team' || kind === 'queue' ? kind : 'agent', name: name.join('/') };
}

function anchor(url: string, words: string): string {
  return `<a href="${url}">${words}</a>`;
}

/** For a page that has the widget: it opens there. */
function button(token: string, words: string): string {
  return `<button type="button" data-usher-open data-usher-to="${token}">${words}</button>`;
}
