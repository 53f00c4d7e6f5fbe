import type { ReactNode } from 'react';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import { Switch } from 'react-aria-components/Switch';
import { Text } from 'react-aria-components/Text';
import { TextArea } from 'react-aria-components/TextArea';
import { TextField } from 'react-aria-components/TextField';
import './fields.css';

export interface Choice<T extends string> {
  value: T;
  label: string;
  hint?: string;
}

/** One of several, all in sight. */
export function Choices<T extends string>(props: {
  label: string;
  value: T;
  options: readonly Choice<T>[];
  onChange(value: T): void;
}) {
  return (
    <RadioGroup
      className="choices"
      value={props.value}
      onChange={(value) => {
        const found = props.options.find((o) => o.value === value);
        if (found) props.onChange(found.value);
      }}
    >
      <Label className="field-label">{props.label}</Label>
      <div className="choice-list">
        {props.options.map((option) => (
          <Radio key={option.value} value={option.value} className="choice">
            <span className="choice-mark" aria-hidden="true" />
            <span>
              {option.label}
              {option.hint && <span className="choice-hint"> · {option.hint}</span>}
            </span>
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}

/** A line of text, or a few. */
export function TextInput(props: {
  label: string;
  value: string;
  onChange(value: string): void;
  hint?: string;
  maxLength?: number;
  autoFocus?: boolean;
  /** Several lines. */
  long?: boolean;
}) {
  return (
    <TextField
      className="field"
      value={props.value}
      onChange={props.onChange}
      maxLength={props.maxLength}
      autoFocus={props.autoFocus}
    >
      <Label className="field-label">{props.label}</Label>
      {props.long ? <TextArea className="input" rows={3} /> : <Input className="input" />}
      {props.hint && (
        <Text slot="description" className="field-hint">
          {props.hint}
        </Text>
      )}
    </TextField>
  );
}

/** On or off, at once. */
export function Toggle(props: {
  isSelected: boolean;
  onChange(on: boolean): void;
  children: ReactNode;
}) {
  return (
    <Switch className="toggle" isSelected={props.isSelected} onChange={props.onChange}>
      <span className="toggle-track" aria-hidden="true">
        <span className="toggle-thumb" />
      </span>
      <span>{props.children}</span>
    </Switch>
  );
}
