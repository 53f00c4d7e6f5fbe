import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { PostPage } from '@usher/protocol/protocol';
import { expect, test, vi } from 'vitest';
import { show } from '../../testing/fixture';
import { aColleague, aPost, aRoom, aTeam } from '../../testing/things';
import { Star } from '../shell/Star';
import PeoplePage from './PeoplePage';
import RoomPage from './RoomPage';

function history(...pages: PostPage[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return Response.json(pages[asked.length - 1] ?? { posts: [] });
  });
  return asked;
}
const team = [aTeam('tier1', { displayName: 'First line' }), aRoom('t:tier1', { unread: 1 })];

test('a team’s chat shows what was written, and what is in sight is read', async () => {
  const asked = history({ posts: [aPost('t:tier1', 7, 'ben', 'Anybody free?')] });
  const { far, update } = await show(<RoomPage id="t:tier1" />, '/room/t%3Atier1', team);
  expect(screen.getByRole('heading', { name: 'Chat of First line' })).toBeDefined();
  const log = screen.getByRole('log', { name: 'Messages of First line' });
  await within(log).findByText('Anybody free?');
  expect(within(log).getByText('Ben')).toBeDefined();
  expect(asked).toEqual(['/v1/rooms/t%3Atier1/messages']);
  await waitFor(() => expect(far.last('read')).toMatchObject({ room: 't:tier1', seq: 7 }));
  update({ kind: 'post', post: aPost('t:tier1', 9, 'carl', 'I am') });
  expect(within(log).getByText('I am')).toBeDefined();
});

test('older posts are asked for page by page', async () => {
  const asked = history(
    { posts: [aPost('t:tier1', 7, 'ben', 'The second')], before: 7 },
    { posts: [aPost('t:tier1', 3, 'ben', 'The first')] },
  );
  await show(<RoomPage id="t:tier1" />, '/room/t%3Atier1', team);
  await screen.findByText('The second');
  await userEvent.click(screen.getByRole('button', { name: 'Show earlier messages' }));
  await screen.findByText('The first');
  expect(asked[1]).toBe('/v1/rooms/t%3Atier1/messages?before=7');
  expect(screen.queryByRole('button', { name: 'Show earlier messages' })).toBeNull();
});

test('what I write goes out, and stands once', async () => {
  history();
  const { far, update } = await show(<RoomPage id="t:tier1" />, '/room/t%3Atier1', team);
  const field = screen.getByRole('textbox', { name: 'Write to First line' });
  await userEvent.type(field, 'I take it{Enter}');
  expect(screen.getByText('Sending…')).toBeDefined();
  const sent = far.last('post');
  expect(sent).toMatchObject({ room: 't:tier1', text: 'I take it' });
  const client = far.sent.find(({ type }) => (type as string) === 'hello')?.client ?? '';
  update({
    kind: 'post',
    post: { ...aPost('t:tier1', 8, 'ana', 'I take it'), client, cid: sent.cid ?? 0 },
  });
  await waitFor(() => expect(screen.queryByText('Sending…')).toBeNull());
  expect(screen.getAllByText('I take it')).toHaveLength(1);
  expect(screen.getByText('You')).toBeDefined();
});

test('a private room is there before anybody wrote in it', async () => {
  history();
  await show(<RoomPage id="p:ana:ben" />, '/room/p%3Aana%3Aben', [
    aColleague('ben', { presence: 'away' }),
  ]);
  expect(screen.getByRole('heading', { name: 'Ben' })).toBeDefined();
  expect(screen.getByText(/Away/)).toBeDefined();
  expect(await screen.findByText('Nothing was written here yet.')).toBeDefined();
});

test('a room of others is no blank page', async () => {
  history();
  await show(<RoomPage id="p:ben:carl" />, '/room/p', [aColleague('ben'), aColleague('carl')]);
  expect(screen.getByRole('heading', { name: /You cannot see the room/ })).toBeDefined();
});

test('colleagues are listed with presence and load, each with a way to write', async () => {
  await show(<PeoplePage />, '/people', [
    aColleague('zoe', { presence: 'offline' }),
    aColleague('ben'),
    aColleague('ana'),
    aRoom('p:ana:ben', { kind: 'private', with: 'ben', unread: 2 }),
  ]);
  const links = screen.getAllByRole('link');
  expect(links.map((link) => link.getAttribute('href'))).toEqual([
    '/room/p%3Aana%3Aben',
    '/room/p%3Aana%3Azoe',
  ]);
  expect(within(links[0] as HTMLElement).getByText('Available · has 1 of 3')).toBeDefined();
  expect(within(links[1] as HTMLElement).getByText('Offline')).toBeDefined();
});

test('a star marks a favourite; while the chat has something unread it is a bubble', async () => {
  const star = (unread: number) => (
    <Star
      to={{ kind: 'team', name: 'tier1' }}
      shownName="First line"
      isOn={false}
      room={{ id: 't:tier1', kind: 'team', name: 'First line', unread }}
    />
  );
  const { far } = await show(
    <>
      {star(0)}
      {star(3)}
    </>,
    '/',
    [],
  );
  const button = screen.getByRole('button', { name: 'Favourite: First line' });
  expect(button.getAttribute('aria-pressed')).toBe('false');
  await userEvent.click(button);
  expect(far.last('favour')).toMatchObject({ to: { kind: 'team', name: 'tier1' }, on: true });
  const bubble = screen.getByRole('link', { name: '3 unread messages of First line' });
  expect(bubble.getAttribute('href')).toBe('/room/t%3Atier1');
});
