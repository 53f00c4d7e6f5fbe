/** The few glyphs of the widget. They take the colour of the text, also in forced colours. */

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

export const IconMinimise = () => <Icon path="M6 9l6 6 6-6" />;
export const IconSend = () => <Icon path="M4 12l16-8-6 16-3-7-7-1z" />;
export const IconAlert = () => <Icon path="M12 8v5M12 16.5v.01M12 3l9.5 17h-19z" />;
export const IconClock = () => <Icon path="M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z" />;
export const IconClosed = () => (
  <Icon path="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.6 5.6l12.8 12.8" />
);
export const IconPeople = () => (
  <Icon path="M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5c2 .9 3 2.9 3 5.5" />
);
export const IconAway = () => <Icon path="M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z" />;
export const IconDone = () => <Icon path="M5 12.5l4.5 4.5L19 7.5" />;
export const IconKey = () => <Icon path="M7.5 20a4 4 0 1 1 2.8-6.8L19 4.5M15.5 8l3 3M18.5 5l2 2" />;
export const IconSmile = () => (
  <Icon path="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14.5c1.8 2 5.2 2 7 0M9 9.5v.01M15 9.5v.01" />
);
