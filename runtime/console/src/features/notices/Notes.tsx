import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { announce } from '../../ui/announce';
import { Button } from '../../ui/Button';
import { dismissNote, NOTE_MS, type Note, notes } from './notes';
import { noticeWords } from './notice-words';
import './notes.css';

function NoteCard({ note }: { note: Note }) {
  const { t } = useI18n();
  useEffect(() => {
    const timer = setTimeout(() => dismissNote(note.id), NOTE_MS);
    return () => clearTimeout(timer);
  }, [note.id]);
  return (
    <Card
      tone={note.tone}
      words={note.words}
      label={t('action.dismiss')}
      onDismiss={() => dismissNote(note.id)}
    />
  );
}

function Card(props: { tone: Note['tone']; words: string; label: string; onDismiss(): void }) {
  const said = useRef(false);
  useEffect(() => {
    if (said.current) return;
    said.current = true;
    announce(props.words);
  }, [props.words]);
  return (
    <li className={`note ${props.tone}`}>
      <span className="note-words">{props.words}</span>
      <Button look="quiet" icon small aria-label={props.label} onPress={props.onDismiss}>
        <X size={16} aria-hidden="true" />
      </Button>
    </li>
  );
}

/** What was tried and refused, and what the desk has to tell; at the edge, never in the way. */
export function Notes() {
  const i18n = useI18n();
  const desk = useDesk();
  const list = useStore(notes, (s) => s.list);
  const notices = useView((view) => view.state.notices);
  const queues = useView((view) => view.state.queues);
  const waiting = useView((view) => view.state.waiting);
  const shown = notices.filter(({ notice }) => {
    // An alert is over when the customer waits no more; a refused override has a place of its own.
    if (notice.code === 'alert') return waiting.has(notice.conversation ?? '');
    return notice.code !== 'override_refused' || !notice.queue;
  });
  if (list.length === 0 && shown.length === 0) return null;
  return (
    <section aria-label={i18n.t('notices.label')}>
      <ul className="notes">
        {shown.slice(-3).map(({ id, notice }) => (
          <Card
            key={`n${id}`}
            tone="info"
            words={noticeWords(
              notice,
              queues.get(notice.queue ?? '')?.displayName ?? notice.queue ?? '',
              i18n,
            )}
            label={i18n.t('action.dismiss')}
            onDismiss={() => desk.client.dismissNotice(id)}
          />
        ))}
        {list.map((n) => (
          <NoteCard key={n.id} note={n} />
        ))}
      </ul>
    </section>
  );
}
