/**
 * Support buttons: any element of the page opens the chat.
 *
 *     <button data-usher-open>Ask us</button>
 *     <a href="https://desk.example/w/web?to=TOKEN" data-usher-open data-usher-to="TOKEN">Ask Ana</a>
 *
 * data-usher-open may name the channel, where a page has several; data-usher-to is the token of a
 * support link, data-usher-key a session key. A link still leads somewhere when no script runs.
 */
import type { Wish } from '../shared/host.ts';

export function watchButtons(
  channel: string,
  open: (wish: Wish, button: HTMLElement) => boolean,
): void {
  document.addEventListener('click', (event) => {
    // Another tab was asked for, or another widget's button it was.
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const button = event
      .composedPath()
      .find(
        (one): one is HTMLElement =>
          one instanceof HTMLElement && one.dataset.usherOpen !== undefined,
      );
    if (!button || (button.dataset.usherOpen && button.dataset.usherOpen !== channel)) return;
    if (open(wishOf(button.dataset), button)) event.preventDefault();
  });
}

/** What data-usher-to and data-usher-key of an element ask for. */
export function wishOf({ usherTo, usherKey }: DOMStringMap): Wish {
  return { ...(usherTo ? { link: usherTo } : {}), ...(usherKey ? { key: usherKey } : {}) };
}

/**
 * What the page says of its visitor, for targeting rules; the last one counts:
 * window.usherAttributes, data-attribute-NAME of the script, usher('set', { NAME: value }).
 */
export function attributesOf(script: Element, set: object): Record<string, string> {
  const all: Record<string, string> = {};
  const add = (values: object) => {
    for (const [name, value] of Object.entries(values)) all[name.toLowerCase()] = `${value}`;
  };
  add((window as { usherAttributes?: object }).usherAttributes ?? {});
  for (const { name, value } of script.attributes) {
    if (name.startsWith('data-attribute-')) all[name.slice(15)] = value;
  }
  add(set);
  return all;
}
