import { useId } from 'react';
import './fields.css';

/** One of several, out of sight until it is opened: the browser's own list, made for fingers too. */
export function Select<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange(value: T): void;
}) {
  const id = useId();
  return (
    <span className="select">
      <label htmlFor={id} className="text2">
        {props.label}
      </label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => {
          const found = props.options.find((o) => o.value === event.currentTarget.value);
          if (found) props.onChange(found.value);
        }}
      >
        {props.options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}
