import { useI18n } from '../../i18n/i18n';
import { KEYS } from '../../keys/keys';
import { setPreference, usePreferences } from '../../preferences/preferences';
import { Button } from '../../ui/Button';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { Toggle } from '../../ui/Fields';
import { KeyTable } from './KeyTable';

/** The keys, and the one switch that turns the single ones off. */
export function Help({ onClose }: { onClose(): void }) {
  const { t } = useI18n();
  const { singleKeys } = usePreferences();
  return (
    <Dialog wide title={t('keys.title')} isOpen onOpenChange={(open) => !open && onClose()}>
      <Toggle isSelected={singleKeys} onChange={(on) => setPreference('singleKeys', on)}>
        {t('settings.singleKeys')}
      </Toggle>
      <KeyTable lines={KEYS} isMac={/Mac|iPhone|iPad/.test(navigator.userAgent)} />
      <DialogButtons>
        <Button look="primary" onPress={onClose}>
          {t('action.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
