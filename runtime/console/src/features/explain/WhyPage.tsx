import { useQuery } from '@tanstack/react-query';
import type { Candidate, Step } from '@usher/protocol/protocol';
import { CircleHelp } from 'lucide-react';
import { api } from '../../api/http';
import { useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { agentName, queueName } from '../../desk/people';
import en from '../../i18n/en.json';
import { type I18n, type Key, useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { failureWords } from '../notices/errors';
import { usePage } from '../shell/page';
import { loadWords } from '../standing/presence-words';
import { customerName } from '../waiting/waiting-words';
import './explain.css';

/** Every decision about a conversation: who was looked at, who was chosen, why not the others (X3). */
export default function WhyPage({ id }: { id: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const state = useView((view) => view.state);
  const known = state.conversations.get(id) ?? state.waiting.get(id) ?? state.opens.get(id);
  const name = known ? customerName(known, i18n) : id;
  usePage({ title: t('why.title', { name }), focus: `why ${id}` });
  const said = useQuery({
    // Read anew when the desk told something else of it.
    queryKey: ['why', id, known],
    queryFn: ({ signal }) => api.explanation(id, signal),
    placeholderData: (before) => before,
  });
  const steps = said.data?.steps ?? [];
  return (
    <>
      <header className="page-head">
        <div className="page-head-words">
          <h1 className="ellipsis">
            <bdi dir="auto">{t('why.title', { name })}</bdi>
          </h1>
          <p className="text2">{t('why.means')}</p>
        </div>
        <div className="page-head-actions">
          <Button onPress={() => history.back()}>{t('why.back')}</Button>
        </div>
      </header>
      <section
        className="scroll"
        aria-label={t('why.title', { name })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys.
        tabIndex={0}
      >
        {said.isPending && <SkeletonRows rows={5} label={t('state.loading')} />}
        {said.isError && (
          <Empty
            icon={<CircleHelp size={32} aria-hidden="true" />}
            action={<Button onPress={() => void said.refetch()}>{t('action.tryAgain')}</Button>}
          >
            {failureWords(said.error, i18n)}
          </Empty>
        )}
        {said.isSuccess && steps.length === 0 && (
          <Empty icon={<CircleHelp size={32} aria-hidden="true" />}>{t('why.none')}</Empty>
        )}
        <ol className="steps">
          {steps.map((step) => (
            <StepView key={`${step.seq} ${step.type} ${step.text}`} step={step} />
          ))}
        </ol>
      </section>
    </>
  );
}

function StepView({ step }: { step: Step }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const state = useView((view) => view.state);
  const { candidates = [], passed = {} } = step;
  const settings = step.queue
    ? t('why.settings', {
        queue: queueName(state, step.queue),
        generation: step.generation ?? 0,
      })
    : '';
  const reasons = Object.entries(passed)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => t('why.passed', { count, reason: passedWords(reason, i18n) }));
  return (
    <li className="step">
      <p>
        <time className="muted step-time" dateTime={new Date(step.at).toISOString()}>
          {i18n.moment(step.at, now)}:{String(new Date(step.at).getSeconds()).padStart(2, '0')}
        </time>{' '}
        <strong dir="auto">{step.text}</strong>
      </p>
      {(settings || step.strategy) && (
        <p className="text2">
          {[
            step.strategy
              ? t('why.strategy', { strategy: strategyWords(step.strategy, i18n) })
              : '',
            step.draw ? t('why.draw', { draw: step.draw }) : '',
            step.strategy && step.free !== undefined ? t('why.free', { count: step.free }) : '',
            settings,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      )}
      {reasons.length > 0 && <p className="text2">{reasons.join(' · ')}</p>}
      {candidates.length > 0 && <Candidates candidates={candidates} />}
    </li>
  );
}

function Candidates({ candidates }: { candidates: readonly Candidate[] }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const state = useView((view) => view.state);
  const bySkill = candidates.some(({ skills }) => skills !== undefined);
  return (
    <div className="table-scroll">
      <table className="table">
        <caption className="sr-only">{t('why.candidates')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('why.agent')}</th>
            <th scope="col">{t('why.load')}</th>
            <th scope="col">{t('why.since')}</th>
            {bySkill && <th scope="col">{t('why.skills')}</th>}
            <th scope="col">{t('why.outcome')}</th>
          </tr>
        </thead>
        <tbody>
          {candidates.map((candidate) => (
            <tr key={candidate.agent} className={candidate.passed ? undefined : 'chosen'}>
              <th scope="row">
                <bdi dir="auto">{agentName(state, candidate.agent)}</bdi>
              </th>
              <td>{loadWords(candidate, i18n)}</td>
              <td>{candidate.since ? i18n.moment(candidate.since, now) : '–'}</td>
              {bySkill && <td>{candidate.skills ?? 0}</td>}
              <td>{candidate.passed ? passedWords(candidate.passed, i18n) : t('why.chosen')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Why somebody was passed over, in words where there are some. */
export function passedWords(reason: string, { t }: I18n): string {
  const key = `why.reason.${reason}`;
  return key in en ? t(key as Key) : reason;
}

function strategyWords(strategy: string, { t }: I18n): string {
  const key = `why.strategy.${strategy}`;
  return key in en ? t(key as Key) : strategy;
}
