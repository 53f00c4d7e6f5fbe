import { describe, expect, it } from 'vitest';
import type { Config } from '../shared/host.ts';
import { channel } from './harness.ts';
import { SupportLink } from './link.ts';

const info = (name: string) => ({
  to: { kind: 'agent' as const, name },
  name,
  offered: true,
  expires: 1,
});

/** A desk whose answers come when the test says so. */
function desk() {
  const asked: { token: string | undefined; answer(config: Config): Promise<void> }[] = [];
  const fetchConfig = (token?: string) =>
    new Promise<Config>((resolve) => {
      asked.push({
        token,
        answer: async (config) => {
          resolve(config);
          await new Promise((done) => setTimeout(done));
        },
      });
    });
  return { asked, link: new SupportLink({ fetchConfig }) };
}

describe('a support link', () => {
  it('is not asked about when the page’s first answer told of it', () => {
    const { asked, link } = desk();
    link.take('T', channel({ link: info('ana') }));
    expect(asked).toEqual([]);
    expect(link.state.value).toEqual({ token: 'T', info: info('ana') });
  });

  it('taken while another is asked about is not mixed up with it', async () => {
    const { asked, link } = desk();
    link.take('first');
    link.take('second');
    await asked[0]?.answer({ channel: channel({ link: info('ana') }) });
    expect(link.state.value).toEqual({ token: 'second' });
    expect(asked.map(({ token }) => token)).toEqual(['first', 'second']);
    await asked[1]?.answer({ channel: channel({ link: info('ben') }) });
    expect(link.state.value).toEqual({ token: 'second', info: info('ben') });
  });

  it('asked about again while an answer is on the way is asked once more after it', async () => {
    const { asked, link } = desk();
    link.take('T');
    void link.ask();
    void link.ask();
    await asked[0]?.answer({ channel: channel({ link: info('ana') }) });
    expect(asked).toHaveLength(2);
    await asked[1]?.answer({ channel: channel({ linkError: 'link_expired' }) });
    expect(link.state.value).toEqual({ token: 'T', error: 'link_expired' });
    expect(asked).toHaveLength(2);
  });

  it('that cannot be asked about keeps what was known, or says so', async () => {
    const { asked, link } = desk();
    link.take('T');
    await asked[0]?.answer({ failed: 'unreachable' });
    expect(link.state.value).toEqual({ token: 'T', error: 'unchecked' });
    link.take('T', channel({ link: info('ana') }));
    void link.ask();
    await asked[1]?.answer({ failed: 'unreachable' });
    expect(link.state.value?.info).toEqual(info('ana'));
  });

  it('of which the desk says nothing is not valid', async () => {
    const { asked, link } = desk();
    link.take('T');
    await asked[0]?.answer({ channel: channel() });
    expect(link.state.value?.error).toBe('link_invalid');
  });
});
