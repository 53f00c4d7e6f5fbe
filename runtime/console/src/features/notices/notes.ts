import { createStore } from 'zustand/vanilla';

/** A short message about something that was tried or that happened elsewhere. */
export interface Note {
  readonly id: number;
  readonly tone: 'info' | 'error';
  readonly words: string;
}

/** How long a note stays when nobody dismisses it; its words were announced and stay true after. */
export const NOTE_MS = 12_000;

/** The notes in sight, the newest last. */
export const notes = createStore<{ list: readonly Note[]; last: number }>(() => ({
  list: [],
  last: 0,
}));

/** Shows a note; the same words twice are one note. */
export function note(words: string, tone: Note['tone'] = 'info'): void {
  const { list, last } = notes.getState();
  const id = last + 1;
  const others = list.filter((n) => n.words !== words).slice(-3);
  notes.setState({ list: [...others, { id, tone, words }], last: id });
}

export function dismissNote(id: number): void {
  notes.setState({ list: notes.getState().list.filter((n) => n.id !== id) });
}
