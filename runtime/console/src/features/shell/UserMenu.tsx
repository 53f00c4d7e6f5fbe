import { Keyboard, Link2, LogOut, Settings } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, api } from '../../api/http';
import { useDesk, useTabs } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { runAction } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { Menu, MenuItem } from '../../ui/Menu';
import { useAct } from '../notices/useAct';

/** Who is signed in, and the way out; with conversations open it asks first. */
export function UserMenu() {
  const { t } = useI18n();
  const desk = useDesk();
  const [, go] = useLocation();
  const open = useTabs().filter((tab) => !tab.over).length;
  const [asked, setAsked] = useState(false);
  const { busy, act } = useAct();
  const signOut = (force: boolean) =>
    void act('signOut', async () => {
      // The socket goes first, so that its end is no loss that is told of.
      desk.client.stop();
      try {
        await api.signOut(force);
      } catch (error) {
        desk.client.start();
        // Another window has conversations that this one was not told of yet.
        if (error instanceof ApiError && error.error.code === 'open_conversations') {
          setAsked(true);
          return;
        }
        throw error;
      }
      desk.forget();
      location.assign('/login?out=1');
    });
  return (
    <>
      <Menu
        label={t('user.menu')}
        trigger={
          <Button
            look="plain"
            small
            aria-label={t('user.signedInAs', { name: desk.me.displayName })}
          >
            <span
              className="user-initials"
              data-initials={initials(desk.me.displayName)}
              aria-hidden="true"
            />
            <span className="ellipsis user-name">{desk.me.displayName}</span>
          </Button>
        }
      >
        <MenuItem icon={<Settings size={16} aria-hidden="true" />} onAction={() => go('/settings')}>
          {t('nav.settings')}
        </MenuItem>
        <MenuItem icon={<Link2 size={16} aria-hidden="true" />} onAction={() => go('/links')}>
          {t('nav.links')}
        </MenuItem>
        <MenuItem
          icon={<Keyboard size={16} aria-hidden="true" />}
          onAction={() => runAction('help')}
        >
          {t('keys.title')}
        </MenuItem>
        <MenuItem
          icon={<LogOut size={16} aria-hidden="true" />}
          onAction={() => (open > 0 ? setAsked(true) : signOut(false))}
        >
          {t('user.signOut')}
        </MenuItem>
      </Menu>
      {asked && (
        <Dialog role="alertdialog" title={t('user.signOutTitle')} isOpen onOpenChange={setAsked}>
          <p className="text2">{t('user.signOutMeans', { count: open })}</p>
          <DialogButtons>
            <Button autoFocus onPress={() => setAsked(false)}>
              {t('user.stay')}
            </Button>
            <Button look="primary" isDisabled={busy !== undefined} onPress={() => signOut(true)}>
              {t('user.signOut')}
            </Button>
          </DialogButtons>
        </Dialog>
      )}
    </>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((w) =>
    w ? [...w][0] : '',
  );
  return letters.join('').toUpperCase();
}
