import type { Queue } from '@usher/protocol/protocol';
import { CalendarClock, ChevronDown, DoorClosed, DoorOpen } from 'lucide-react';
import { useState } from 'react';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { Choices, TextInput } from '../../ui/Fields';
import { Menu, MenuItem } from '../../ui/Menu';
import { note } from '../notices/notes';
import { useAct } from '../notices/useAct';
import { UNTIL_CHOICES, type UntilChoice, untilTime } from './until';

type Way = 'open' | 'close';

/** Opens and closes a queue by hand, and gives it back to its schedule (features Q2, X1). */
export function SwitchQueue({ queue }: { queue: Queue }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [asked, setAsked] = useState<Way>();
  const { busy, act } = useAct();
  const follow = async () => {
    if (await act('auto', () => desk.followSchedule(queue.name))) {
      note(t('switch.followed', { queue: queue.displayName }));
    }
  };
  return (
    <>
      <Menu
        label={t('switch.menu')}
        trigger={
          <Button isPending={busy !== undefined}>
            {t('switch.menu')}
            <ChevronDown size={16} aria-hidden="true" />
          </Button>
        }
      >
        <MenuItem
          icon={<DoorClosed size={16} aria-hidden="true" />}
          onAction={() => setAsked('close')}
        >
          {t(queue.state === 'Closed' ? 'switch.keepClosed' : 'switch.close')}
        </MenuItem>
        <MenuItem
          icon={<DoorOpen size={16} aria-hidden="true" />}
          onAction={() => setAsked('open')}
        >
          {t(queue.state === 'Open' ? 'switch.keepOpen' : 'switch.open')}
        </MenuItem>
        <MenuItem
          icon={<CalendarClock size={16} aria-hidden="true" />}
          isDisabled={!queue.override}
          onAction={() => void follow()}
        >
          {t('switch.auto')}
        </MenuItem>
      </Menu>
      {asked && <SwitchDialog queue={queue} way={asked} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function SwitchDialog({ queue, way, onClose }: { queue: Queue; way: Way; onClose(): void }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const now = useServerMinute();
  const live = useView((view) => view.connection.phase === 'live');
  const [until, setUntil] = useState<UntilChoice>('2h');
  const [reason, setReason] = useState('');
  const { busy, act } = useAct();

  const send = async () => {
    const time = untilTime(until, desk.client.clock.now(), queue.timeZone);
    if (await act(way, () => desk.switchQueue(way, queue.name, time, reason.trim()))) {
      note(t(way === 'close' ? 'switch.closed' : 'switch.opened', { queue: queue.displayName }));
      onClose();
    }
  };

  const hint = (choice: UntilChoice): { hint?: string } => {
    const time = untilTime(choice, now, queue.timeZone);
    return time === undefined ? {} : { hint: i18n.moment(time, now) };
  };

  return (
    <Dialog
      title={t(way === 'close' ? 'switch.closeTitle' : 'switch.openTitle', {
        queue: queue.displayName,
      })}
      isOpen
      onOpenChange={(open) => !open && onClose()}
    >
      <p className="text2">{t(way === 'close' ? 'switch.closeMeans' : 'switch.openMeans')}</p>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Choices<UntilChoice>
          label={t('switch.until')}
          value={until}
          onChange={setUntil}
          options={UNTIL_CHOICES.map((value) => ({
            value,
            label: t(
              value === 'always'
                ? way === 'close'
                  ? 'switch.untilOpened'
                  : 'switch.untilClosed'
                : `switch.${value}`,
            ),
            ...hint(value),
          }))}
        />
        <TextInput
          label={t('switch.reason')}
          hint={t('switch.reasonHint')}
          value={reason}
          onChange={setReason}
          maxLength={256}
        />
        <DialogButtons>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button look="primary" type="submit" isDisabled={!live || busy !== undefined}>
            {busy ? t('switch.working') : t(way === 'close' ? 'switch.doClose' : 'switch.doOpen')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
