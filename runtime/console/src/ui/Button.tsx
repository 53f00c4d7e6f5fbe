import { Button as AriaButton, type ButtonProps } from 'react-aria-components/Button';
import './button.css';

type Look = 'primary' | 'danger' | 'quiet' | 'plain';

/** A button. Its words are a verb; an icon button needs an aria-label. */
export function Button({
  look = 'plain',
  small = false,
  icon = false,
  ...rest
}: Omit<ButtonProps, 'className'> & { look?: Look; small?: boolean; icon?: boolean }) {
  const names = ['button', look, small && 'small', icon && 'icon'].filter(Boolean).join(' ');
  return <AriaButton {...rest} className={names} />;
}
