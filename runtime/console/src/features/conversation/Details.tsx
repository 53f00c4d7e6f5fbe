import type { Conversation } from '@usher/protocol/protocol';
import { useDesk } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { OnlineGlyph } from '../../ui/Glyph';
import { VerifiedPart } from '../verified/Verified';
import { formatWait } from '../waiting/wait';
import { customerName } from '../waiting/waiting-words';

/** What is known of the customer. What they said of themselves is theirs to say, not verified. */
export function Details({ conversation, over }: { conversation: Conversation; over: boolean }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const desk = useDesk();
  const { arrivedAt, startedAt, agents = [], email, phone, issue } = conversation;
  return (
    <aside className="details" aria-label={t('details.label')} data-pane tabIndex={-1}>
      <h2>{t('details.customer')}</h2>
      <dl className="facts">
        <dt>{t('details.name')}</dt>
        <dd>
          <bdi dir="auto">{customerName(conversation, i18n)}</bdi>
        </dd>
        {!over && (
          <>
            <dt>{t('details.connection')}</dt>
            <dd className="with-glyph">
              <OnlineGlyph online={conversation.online} />
              {t(conversation.online ? 'details.online' : 'details.offline')}
            </dd>
          </>
        )}
        {conversation.page && (
          <>
            <dt>{t('waiting.column.page')}</dt>
            <dd>
              <bdi>{conversation.page}</bdi>
            </dd>
          </>
        )}
        {email && (
          <>
            <dt>{t('details.email')}</dt>
            <dd>
              <a href={`mailto:${encodeURIComponent(email).replace('%40', '@')}`}>
                <bdi>{email}</bdi>
              </a>
            </dd>
          </>
        )}
        {phone && (
          <>
            <dt>{t('details.phone')}</dt>
            <dd>
              <a href={`tel:${phone.replace(/[^+\d]/g, '')}`}>
                <bdi>{phone}</bdi>
              </a>
            </dd>
          </>
        )}
        {issue && (
          <>
            <dt>{t('how.issue')}</dt>
            <dd>
              <bdi dir="auto">{issue}</bdi>
            </dd>
          </>
        )}
        <dt>{t('preview.channel')}</dt>
        <dd>{conversation.channel}</dd>
      </dl>
      {conversation.secure && <VerifiedPart id={conversation.id} />}
      <h2>{t('details.conversation')}</h2>
      <dl className="facts">
        <dt>{t('details.queue')}</dt>
        <dd>
          <bdi dir="auto">{conversation.queueName}</bdi>
        </dd>
        <dt>{t('details.arrived')}</dt>
        <dd>{i18n.moment(arrivedAt, now)}</dd>
        {startedAt ? (
          <>
            <dt>{t('waiting.column.waited')}</dt>
            <dd>{formatWait(startedAt - arrivedAt)}</dd>
          </>
        ) : null}
        {agents.length > 0 && (
          <>
            <dt>{t('details.agents')}</dt>
            <dd>
              <ul>
                {agents.map(({ name, displayName }, i) => (
                  <li key={name}>
                    <bdi dir="auto">{name === desk.me.name ? t('log.you') : displayName}</bdi>
                    {i === 0 && <span className="muted"> · {t('details.owner')}</span>}
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
    </aside>
  );
}
