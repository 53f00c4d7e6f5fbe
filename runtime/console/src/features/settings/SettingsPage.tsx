import { LOCALE_NAMES, LOCALES, type Locale, useI18n } from '../../i18n/i18n';
import { KEYS, writeKey } from '../../keys/keys';
import { type Preferences, setPreference, usePreferences } from '../../preferences/preferences';
import { Button } from '../../ui/Button';
import { Choices, Toggle } from '../../ui/Fields';
import { KeyTable } from '../help/KeyTable';
import { playSound, useSoundState } from '../notices/sound';
import { usePage } from '../shell/page';
import { UserMenu } from '../shell/UserMenu';
import './settings.css';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** What each person sets for themselves, at this browser. */
export function SettingsPage() {
  const { t } = useI18n();
  const own = usePreferences();
  const sound = useSoundState();
  usePage({ title: t('nav.settings'), focus: 'settings' });
  const modEnter = writeKey('Mod+Enter', isMac);
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.settings')}</h1>
        <div className="only-narrow">
          <UserMenu />
        </div>
      </header>
      <div className="scroll">
        <div className="settings">
          <section className="setting">
            <Choices<Preferences['theme']>
              label={t('settings.theme')}
              value={own.theme}
              onChange={(value) => setPreference('theme', value)}
              options={[
                { value: 'system', label: t('settings.theme.system') },
                { value: 'light', label: t('settings.theme.light') },
                { value: 'dark', label: t('settings.theme.dark') },
              ]}
            />
          </section>
          <section className="setting">
            <Choices<Locale>
              label={t('settings.language')}
              value={useI18n().locale}
              onChange={(value) => setPreference('locale', value)}
              options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
            />
          </section>
          <section className="setting">
            <Choices<Preferences['sound']>
              label={t('settings.sound')}
              value={own.sound}
              onChange={(value) => setPreference('sound', value)}
              options={[
                { value: 'off', label: t('settings.sound.off') },
                { value: 'once', label: t('settings.sound.once') },
                { value: 'repeat', label: t('settings.sound.repeat') },
              ]}
            />
            <div className="setting-row">
              <Button onPress={() => void playSound()}>{t('settings.sound.test')}</Button>
              {sound === 'blocked' && <span className="text2">{t('sound.blocked')}</span>}
            </div>
          </section>
          <section className="setting">
            <Choices<Preferences['sendWith']>
              label={t('settings.sendWith')}
              value={own.sendWith}
              onChange={(value) => setPreference('sendWith', value)}
              options={[
                { value: 'enter', label: t('settings.sendWith.enter') },
                { value: 'modEnter', label: t('settings.sendWith.modEnter', { keys: modEnter }) },
              ]}
            />
          </section>
          <section className="setting">
            <h2>{t('keys.title')}</h2>
            <Toggle isSelected={own.singleKeys} onChange={(on) => setPreference('singleKeys', on)}>
              {t('settings.singleKeys')}
            </Toggle>
            <KeyTable lines={KEYS} isMac={isMac} />
          </section>
          <p className="muted">{t('settings.kept')}</p>
        </div>
      </div>
    </>
  );
}
