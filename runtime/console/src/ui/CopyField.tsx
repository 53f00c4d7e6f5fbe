import { Check, Copy } from 'lucide-react';
import { useId, useRef, useState } from 'react';
import { useI18n } from '../i18n/i18n';
import { announce } from './announce';
import { Button } from './Button';
import './copy.css';

/** A text to take along: shown whole, selected by a press, copied by the button. */
export function CopyField({ label, text }: { label: string; text: string }) {
  const { t } = useI18n();
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without a right to the clipboard the text is selected, for the browser's own copy.
      field.current?.select();
      return;
    }
    setCopied(true);
    announce(t('copy.done'));
  };
  return (
    <div className="copy">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="copy-row">
        <textarea
          id={id}
          ref={field}
          className="copy-text"
          readOnly
          rows={Math.min(3, Math.ceil(text.length / 48))}
          value={text}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button small aria-label={t('copy.what', { what: label })} onPress={() => void copy()}>
          {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
          {t(copied ? 'copy.copied' : 'copy.copy')}
        </Button>
      </div>
    </div>
  );
}
