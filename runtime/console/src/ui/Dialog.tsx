import type { ReactNode } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import './dialog.css';

/**
 * A question in the middle of the page (at the bottom on a phone). Focus stays inside and goes back
 * to where it was; Esc and a press outside leave it. It never holds state that an address should.
 */
export function Dialog(props: {
  title: string;
  isOpen: boolean;
  onOpenChange(open: boolean): void;
  role?: 'dialog' | 'alertdialog';
  wide?: boolean;
  children: ReactNode;
}) {
  const { title, isOpen, onOpenChange, role = 'dialog', wide = false, children } = props;
  return (
    <ModalOverlay className="scrim" isOpen={isOpen} onOpenChange={onOpenChange} isDismissable>
      <Modal className={wide ? 'modal wide' : 'modal'}>
        <AriaDialog className="dialog" role={role}>
          <Heading slot="title" level={2} className="dialog-title">
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The row of buttons that ends a dialog. */
export function DialogButtons({ children }: { children: ReactNode }) {
  return <div className="dialog-buttons">{children}</div>;
}
