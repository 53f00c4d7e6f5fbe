import { ShieldCheck } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { Facts } from './Facts';

/** Where the customer's details stand beside a conversation; chat.css has the same width. */
const BESIDE = '(min-width: 1280px)';

function subscribe(run: () => void): () => void {
  const media = matchMedia(BESIDE);
  media.addEventListener('change', run);
  return () => media.removeEventListener('change', run);
}

/** Whether the details are shown: what they hold is not fetched for a panel that nobody sees. */
function useBeside(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(BESIDE).matches);
}

/** The part of the details that is the site's word, not the customer's. */
export function VerifiedPart({ id }: { id: string }) {
  const { t } = useI18n();
  if (!useBeside()) return null;
  return (
    <section className="verified-part" aria-labelledby="verified">
      <h2 id="verified" className="with-glyph">
        <ShieldCheck size={16} aria-hidden="true" />
        {t('verified.title')}
      </h2>
      <Facts key={id} id={id} />
    </section>
  );
}

/** Says that there are verified facts, which stand beside. */
export function VerifiedMark() {
  const { t } = useI18n();
  if (!useBeside()) return null;
  return <Chip glyph={<ShieldCheck size={12} aria-hidden="true" />}>{t('verified.chip')}</Chip>;
}

/** Where the details have no place: the way to the facts. */
export function VerifiedButton({ id, name }: { id: string; name: string }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  if (useBeside()) return null;
  return (
    <span className="verified-ask">
      <Button aria-label={t('verified.chip')} onPress={() => setAsked(true)}>
        <ShieldCheck size={18} aria-hidden="true" />
        <span className="not-narrow">{t('verified.chip')}</span>
      </Button>
      {asked && (
        <Dialog
          title={t('verified.of', { name })}
          isOpen
          onOpenChange={(open) => !open && setAsked(false)}
        >
          <Facts id={id} />
          <DialogButtons>
            <Button autoFocus onPress={() => setAsked(false)}>
              {t('action.close')}
            </Button>
          </DialogButtons>
        </Dialog>
      )}
    </span>
  );
}
