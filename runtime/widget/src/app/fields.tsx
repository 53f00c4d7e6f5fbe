/** Fields of the widget's forms: label, hint and what is wrong belong to the control by name. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useModel } from './context.ts';
import { IconAlert } from './icons.tsx';
import type { FormText } from './start.ts';
import type { Key } from './words.ts';

interface FieldProps {
  field: 'name' | 'text' | 'email' | 'phone' | 'key';
  label: Key;
  hint?: Key;
  optional?: boolean;
  /** Gets the focus with the screen. */
  first?: boolean;
  rows?: number;
  /** Said instead of what the model finds. */
  problem?: string | undefined;
  input?: JSX.IntrinsicElements['input'];
}

export function Field(props: FieldProps) {
  const { field, label, hint, optional, first, rows, input } = props;
  const model = useModel();
  const { words } = model;
  const found = model.starting.problems.value[field];
  const problem = props.problem ?? (found && words.say(found));
  const id = `usher-${field}`;
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  const common = {
    id,
    'data-focus': first || undefined,
    dir: 'auto' as const,
    value: model.starting.form.value[field],
    'aria-invalid': Boolean(problem),
    'aria-describedby': described || undefined,
    onInput: (event: { currentTarget: { value: string } }) =>
      model.starting.fill({ [field]: event.currentTarget.value }),
  };
  return (
    <div class="field">
      <label for={id}>
        {words.say(label)}
        {optional && <span class="optional"> ({words.say('optional')})</span>}
      </label>
      {rows ? <textarea rows={rows} {...common} /> : <input type="text" {...input} {...common} />}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {words.say(hint)}
        </p>
      )}
      {problem && (
        <p class="wrong" id={`${id}-problem`}>
          <IconAlert /> {problem}
        </p>
      )}
    </div>
  );
}

export function Choice(props: {
  field: 'issue' | 'agent';
  label: Key;
  /** What is chosen while nothing is. */
  none: Key;
  children: ComponentChildren;
}) {
  const model = useModel();
  const { field } = props;
  const found = model.starting.problems.value[field];
  return (
    <div class="field">
      <label for={`usher-${field}`}>{model.words.say(props.label)}</label>
      <select
        id={`usher-${field}`}
        value={model.starting.form.value[field]}
        aria-invalid={Boolean(found)}
        aria-describedby={found && `usher-${field}-problem`}
        onChange={(event) =>
          model.starting.fill({ [field]: event.currentTarget.value } as Partial<FormText>)
        }
      >
        <option value="">{model.words.say(props.none)}</option>
        {props.children}
      </select>
      {found && (
        <p class="wrong" id={`usher-${field}-problem`}>
          <IconAlert /> {model.words.say(found)}
        </p>
      )}
    </div>
  );
}

/** A form that leads to the first field that is wrong when it was sent too early. */
export function Form(props: { onSend(): void; children: ComponentChildren }) {
  const model = useModel();
  const form = useRef<HTMLFormElement>(null);
  const sentFrom = useRef<Element | null>(null);
  const tried = model.starting.tried.value;
  // After all fields have been told what is wrong with them.
  useEffect(() => {
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    // Who has gone on to another field meanwhile stays there.
    if (tried === 0 || !wrong || focusOf(form.current) !== sentFrom.current) return;
    const closed = wrong.closest('details');
    if (closed) closed.open = true;
    wrong.focus();
  }, [tried]);
  return (
    <form
      class="body start"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        sentFrom.current = focusOf(form.current);
        props.onSend();
      }}
    >
      {props.children}
    </form>
  );
}

/** What has the focus in the document or shadow tree of an element. */
function focusOf(element: Element | null): Element | null {
  const root = element?.getRootNode();
  return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
}

/** What came back from the desk, read aloud at once. */
export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      <IconAlert />
      <span>{children}</span>
    </p>
  );
}
