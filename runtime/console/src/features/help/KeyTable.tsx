import { Fragment } from 'react';
import { useI18n } from '../../i18n/i18n';
import { type KeyLine, writeKey } from '../../keys/keys';
import './help.css';

/** The key table for people; the same lines that the handler reads. */
export function KeyTable({ lines, isMac }: { lines: readonly KeyLine[]; isMac: boolean }) {
  const { t } = useI18n();
  // The nine tabs are one line.
  const shown = lines.filter((line) => !/^tab[2-9]$/.test(line.action));
  return (
    <dl className="keys">
      {shown.map((line) => (
        <Fragment key={line.action}>
          <dt>
            {line.action === 'tab1' ? (
              <>
                <kbd>1</kbd> – <kbd>9</kbd>
              </>
            ) : (
              line.keys
                .flatMap((key) => key.split(' '))
                .map((key, i) => (
                  <Fragment key={key}>
                    {i > 0 && ' '}
                    <kbd>{writeKey(key, isMac)}</kbd>
                  </Fragment>
                ))
            )}
          </dt>
          <dd>{t(line.label)}</dd>
        </Fragment>
      ))}
      <dt>
        <kbd>{writeKey('Mod+Enter', isMac)}</kbd>
      </dt>
      <dd>{t('keys.send')}</dd>
      <dt>
        <kbd>Esc</kbd>
      </dt>
      <dd>{t('keys.escape')}</dd>
    </dl>
  );
}
