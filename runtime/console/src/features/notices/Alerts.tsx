import type { Post } from '@usher/protocol/protocol';
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { agentName, queueName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { preferences, usePreferences } from '../../preferences/preferences';
import { announce } from '../../ui/announce';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';
import { customerName } from '../waiting/waiting-words';
import { createBurst } from './burst';
import { holdSoundLock, playSound, unlockSoundOnTouch, useSoundState } from './sound';
import { useToldElsewhere } from './useToldElsewhere';

const REPEAT_MS = 15_000;

/** Says and sounds what arrives live: somebody waits, an offer, a message of a customer. */
export function Alerts() {
  const i18n = useI18n();
  const desk = useDesk();
  const [path] = useLocation();
  const { sound } = usePreferences();
  const state = useView((view) => view.state);
  useToldElsewhere();
  const lock = useRef<ReturnType<typeof holdSoundLock>>(undefined);
  const place = useRef(path);
  place.current = path;

  useEffect(() => {
    const held = holdSoundLock();
    lock.current = held;
    const untouch = unlockSoundOnTouch();
    return () => {
      held.release();
      untouch();
    };
  }, []);

  useEffect(() => {
    const { t } = i18n;
    const burst = createBurst((name, text, count) =>
      announce(count > 1 ? t('live.messages', { count, name }) : t('live.message', { name, text })),
    );
    const play = () => {
      if (preferences.getState().sound !== 'off' && lock.current?.plays) void playSound();
    };
    const stop = desk.onLive((changes, after, before) => {
      for (const change of changes) {
        const { queue, conversation, message, team, waiting, invitation, post } = change;
        if (queue && (queue.alerted ?? 0) > (before.queues.get(queue.name)?.alerted ?? 0)) {
          announce(t('live.alert', { queue: queue.displayName }), 'assertive');
          play();
        }
        if (team && team.waiting > 0 && (before.teams.get(team.name)?.waiting ?? 0) === 0) {
          announce(t('live.waiting', { queue: team.displayName }), 'assertive');
          play();
        }
        if (waiting?.agent === desk.me.name && !before.waiting.has(waiting.conversation)) {
          announce(t('live.forMe', { name: customerName(waiting, i18n) }), 'assertive');
          play();
        }
        if (invitation && !before.invitations.has(invitation.conversation)) {
          const by = invitation.byName || agentName(after, invitation.by);
          const place = queueName(after, invitation.queue);
          announce(t('live.invitation', { by, queue: place }), 'assertive');
          play();
        }
        if (
          post &&
          post.author !== desk.me.name &&
          !before.posts.get(post.room)?.some(isPost(post))
        )
          burst.add(post.authorName || post.author, post.text);
        if (queue && queue.waiting > 0 && (before.queues.get(queue.name)?.waiting ?? 0) === 0) {
          announce(t('live.waiting', { queue: queue.displayName }), 'assertive');
          play();
        }
        if (
          conversation?.state === 'offered' &&
          before.conversations.get(conversation.id)?.state !== 'offered'
        ) {
          announce(
            t('live.offer', {
              name: customerName(conversation, i18n),
              queue: conversation.queueName,
            }),
            'assertive',
          );
          play();
        }
        if (message?.from === 'customer') {
          const where = after.conversations.get(message.conversation);
          if (where?.state !== 'inService') continue;
          burst.add(customerName(where, i18n), message.text);
          if (place.current !== `/c/${where.id}` || document.visibilityState === 'hidden') play();
        }
      }
    });
    return () => {
      stop();
      burst.stop();
    };
  }, [desk, i18n]);

  // Repeat until somebody takes them.
  let open = 0;
  for (const queue of state.queues.values()) open += queue.waiting;
  for (const team of state.teams.values()) open += team.waiting;
  for (const row of state.waiting.values()) if (row.agent === desk.me.name) open++;
  for (const c of state.conversations.values()) if (c.state === 'offered') open++;
  const isOpen = open > 0;
  useEffect(() => {
    if (sound !== 'repeat' || !isOpen) return;
    const timer = setInterval(() => lock.current?.plays && void playSound(), REPEAT_MS);
    return () => clearInterval(timer);
  }, [sound, isOpen]);

  return <SoundBlocked />;
}

const isPost = (post: Post) => (other: Post) => other.seq === post.seq;

function SoundBlocked() {
  const { t } = useI18n();
  const { sound } = usePreferences();
  const blocked = useSoundState() === 'blocked';
  if (!blocked || sound === 'off') return null;
  return (
    <Banner
      tone="info"
      action={
        <Button small onPress={() => void playSound()}>
          {t('sound.turnOn')}
        </Button>
      }
    >
      {t('sound.blocked')}
    </Banner>
  );
}
