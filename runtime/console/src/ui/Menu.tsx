import type { ReactNode } from 'react';
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  type MenuItemProps,
  MenuTrigger,
} from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import './menu.css';

/** A button that opens a list of actions: the first child is the button, the rest are MenuItems. */
export function Menu(props: { trigger: ReactNode; label: string; children: ReactNode }) {
  return (
    <MenuTrigger>
      {props.trigger}
      <Popover className="popover" placement="bottom end">
        <AriaMenu className="menu" aria-label={props.label}>
          {props.children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export function MenuItem(
  props: Omit<MenuItemProps, 'className' | 'children'> & { icon?: ReactNode; children: string },
) {
  const { icon, children, ...rest } = props;
  return (
    <AriaMenuItem {...rest} className="menu-item" textValue={children}>
      {icon}
      {children}
    </AriaMenuItem>
  );
}
