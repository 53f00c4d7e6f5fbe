import type { Key } from '../i18n/i18n';

/** What a key can ask for. */
export type Action =
  | 'palette'
  | 'nextPane'
  | 'previousPane'
  | 'rowDown'
  | 'rowUp'
  | 'preview'
  | 'accept'
  | 'acceptNext'
  | 'previousTab'
  | 'nextTab'
  | 'reply'
  | 'end'
  | 'transfer'
  | 'invite'
  | 'why'
  | 'favour'
  | 'goQueues'
  | 'goLog'
  | 'goMe'
  | 'goOpen'
  | 'goInactive'
  | 'goPeople'
  | 'help'
  | `tab${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;

/** One line of the key table, which makes the handler, the help page and the palette's hints. */
export interface KeyLine {
  readonly action: Action;
  /** As KeyboardEvent.key writes it; "Mod+" is Ctrl or ⌘; two keys after one another are "g q". */
  readonly keys: readonly string[];
  /** Works in text fields too, and stays on when single keys are switched off. */
  readonly everywhere?: boolean;
  readonly label: Key;
}

/** The key table (design: keyboard map). Nothing that ends a conversation acts on one key. */
export const KEYS: readonly KeyLine[] = [
  { action: 'palette', keys: ['Mod+k'], everywhere: true, label: 'keys.palette' },
  { action: 'nextPane', keys: ['F6'], everywhere: true, label: 'keys.nextPane' },
  { action: 'previousPane', keys: ['Shift+F6'], everywhere: true, label: 'keys.previousPane' },
  { action: 'rowDown', keys: ['j'], label: 'keys.rowDown' },
  { action: 'rowUp', keys: ['k'], label: 'keys.rowUp' },
  { action: 'preview', keys: ['Enter'], label: 'keys.preview' },
  { action: 'accept', keys: ['a'], label: 'keys.accept' },
  { action: 'acceptNext', keys: ['n'], label: 'keys.acceptNext' },
  { action: 'previousTab', keys: ['['], label: 'keys.previousTab' },
  { action: 'nextTab', keys: [']'], label: 'keys.nextTab' },
  ...([1, 2, 3, 4, 5, 6, 7, 8, 9] as const).map(
    (n): KeyLine => ({ action: `tab${n}`, keys: [String(n)], label: 'keys.tab' }),
  ),
  { action: 'reply', keys: ['r'], label: 'keys.reply' },
  { action: 'end', keys: ['e'], label: 'keys.end' },
  { action: 'transfer', keys: ['t'], label: 'keys.transfer' },
  { action: 'invite', keys: ['i'], label: 'keys.invite' },
  { action: 'why', keys: ['w'], label: 'keys.why' },
  { action: 'favour', keys: ['f'], label: 'keys.favour' },
  { action: 'goQueues', keys: ['g q'], label: 'keys.goQueues' },
  { action: 'goLog', keys: ['g l'], label: 'keys.goLog' },
  { action: 'goMe', keys: ['g m'], label: 'keys.goMe' },
  { action: 'goOpen', keys: ['g t'], label: 'keys.goOpen' },
  { action: 'goInactive', keys: ['g i'], label: 'keys.goInactive' },
  { action: 'goPeople', keys: ['g p'], label: 'keys.goPeople' },
  { action: 'help', keys: ['?'], label: 'keys.help' },
];

/** How long the second key of a pair may take. */
export const PAIR_MS = 1_500;

/** What of a keyboard event counts. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly isComposing: boolean;
  /** AltGr is held: what it makes is text, "@" or "[". */
  readonly altGraph: boolean;
  readonly inText: boolean;
}

/** What is remembered between two keys. */
export interface KeyMemory {
  readonly first?: string;
  readonly at?: number;
}

/** Reads a press: the action, and what to remember for the next one. Pure. */
export function matchKey(
  press: KeyPress,
  memory: KeyMemory,
  options: { singleKeys: boolean; now: number },
): { action?: Action; memory: KeyMemory } {
  const none = { memory: {} };
  if (press.isComposing || press.key === 'Dead' || press.key === 'Process') return none;
  if (press.altKey && press.ctrlKey) return none;
  if (press.altKey && !press.altGraph) return none;

  const mod = press.ctrlKey || press.metaKey;
  const everywhere = KEYS.find(
    (line) => line.everywhere && line.keys.some((k) => k === describe(press, mod)),
  );
  if (everywhere && !press.altGraph) return { action: everywhere.action, memory: {} };
  if (mod || press.inText || !options.singleKeys) return none;

  const fresh = memory.at !== undefined && options.now - memory.at <= PAIR_MS;
  const pair = fresh ? `${memory.first} ${press.key}` : undefined;
  const single = KEYS.filter((line) => !line.everywhere);
  const found =
    single.find((line) => pair !== undefined && line.keys.includes(pair)) ??
    single.find((line) => line.keys.includes(press.key));
  if (found) return { action: found.action, memory: {} };
  const opens = single.some((line) => line.keys.some((k) => k.startsWith(`${press.key} `)));
  return opens ? { memory: { first: press.key, at: options.now } } : none;
}

function describe(press: KeyPress, mod: boolean): string {
  const letter = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (mod) return press.shiftKey ? `Mod+Shift+${letter}` : `Mod+${letter}`;
  return press.shiftKey && press.key.length > 1 ? `Shift+${letter}` : letter;
}

/** How keys are written for people: "Ctrl+K", "g then q" is left to the page. */
export function writeKey(key: string, mac: boolean): string {
  const written = key.replace('Mod+', mac ? '⌘' : 'Ctrl+');
  const isLetter = key.length === 'Mod+k'.length && key.startsWith('Mod+');
  return isLetter ? written.slice(0, -1) + key.slice(-1).toUpperCase() : written;
}
