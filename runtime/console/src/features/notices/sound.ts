import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

/** Whether sounds can be heard: browsers block them until the page was touched once. */
export type SoundState = 'idle' | 'ready' | 'blocked';

const sound = createStore<{ state: SoundState }>(() => ({ state: 'idle' }));
const shared: { context: AudioContext | undefined } = { context: undefined };

export function useSoundState(): SoundState {
  return useStore(sound, (s) => s.state);
}

function context(): AudioContext | undefined {
  if (typeof AudioContext === 'undefined') return undefined;
  shared.context ??= new AudioContext();
  return shared.context;
}

/** Two soft tones. Says in the store when the browser blocks them. */
export async function playSound(): Promise<void> {
  const audio = context();
  if (!audio) return;
  if (audio.state === 'suspended') {
    // Without a touch of the page resume() may never answer, so nobody waits for it.
    void audio.resume().then(() => sound.setState({ state: 'ready' }));
    await Promise.resolve();
    if (audio.state === 'suspended' && !navigator.userActivation?.hasBeenActive) {
      sound.setState({ state: 'blocked' });
      return;
    }
  }
  sound.setState({ state: 'ready' });
  const start = audio.currentTime + 0.02;
  for (const [at, pitch] of [
    [0, 660],
    [0.16, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start + at);
    volume.gain.linearRampToValueAtTime(0.14, start + at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + at + 0.28);
    tone.connect(volume).connect(audio.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.3);
  }
}

/** The first touch of the page unlocks sound. */
export function unlockSoundOnTouch(): () => void {
  const unlock = () => {
    if (sound.getState().state !== 'blocked') return;
    void context()
      ?.resume()
      .then(() => sound.setState({ state: 'ready' }));
  };
  addEventListener('pointerdown', unlock);
  addEventListener('keydown', unlock);
  return () => {
    removeEventListener('pointerdown', unlock);
    removeEventListener('keydown', unlock);
  };
}

/**
 * Whether this tab is the one that plays: of several consoles of one browser only one does. Where
 * the browser has no locks (a page without https) every tab plays, which is loud but never silent.
 */
export function holdSoundLock(): { readonly plays: boolean; release(): void } {
  const lock = { plays: !('locks' in navigator) || !navigator.locks, release: () => {} };
  if (lock.plays) return lock;
  const stop = new AbortController();
  void navigator.locks
    .request('usher.console.sound', { signal: stop.signal }, () => {
      lock.plays = true;
      return new Promise<void>((resolve) => {
        lock.release = resolve;
      });
    })
    .catch(() => {
      // Released before it was held.
    });
  lock.release = () => stop.abort();
  return lock;
}
