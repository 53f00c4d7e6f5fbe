import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channel } from './harness.ts';
import {
  contactProblems,
  emptyForm,
  isEmail,
  isPhone,
  keyDigits,
  pageWithoutWish,
  startCommand,
  startProblems,
} from './start.ts';

const form = (more: Partial<typeof emptyForm> = {}) => ({ ...emptyForm, ...more });

/** The desk's own rules (checkPerson): what passes here must pass there. */
const deskTakesEmail = (text: string) =>
  text.lastIndexOf('@') > 0 &&
  !text.endsWith('@') &&
  !/[\s\p{Cc}]/u.test(text) &&
  new TextEncoder().encode(text).length <= 254;
const deskTakesPhone = (text: string) =>
  /\p{Nd}/u.test(text) && !/\p{L}/u.test(text) && [...text].length <= 32;

describe('an e-mail address', () => {
  it.each([
    ['maria@acme.example', true],
    ['maria.o’neill+tag@mail.acme.example', true],
    ['ääkkönen@äö.example', true],
    ['maria@acme', false],
    ['maria', false],
    ['@acme.example', false],
    ['maria@', false],
    ['maria@acme..example', false],
    ['maria @acme.example', false],
    ['maria@acme.example, ana@acme.example', false],
    ['Maria <maria@acme.example>', false],
    ['maria\u0007@acme.example', false],
    [`${'m'.repeat(250)}@a.example`, false],
  ])('%s: %s', (text, expected) => {
    expect(isEmail(text)).toBe(expected);
  });

  it('that is taken here is taken by the desk', () => {
    const any = fc.oneof(fc.emailAddress(), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(any, (text) => {
        if (isEmail(text)) expect(deskTakesEmail(text)).toBe(true);
      }),
    );
  });
});

describe('a phone number', () => {
  it.each([
    ['+358 40 123 4567', true],
    ['(040) 123-4567', true],
    ['040/1234567', true],
    ['12345', true],
    ['1234', false],
    ['call me', false],
    ['+358 40 123 4567 ext. 3', false],
    ['++358401234567', false],
    ['1'.repeat(33), false],
  ])('%s: %s', (text, expected) => {
    expect(isPhone(text)).toBe(expected);
  });

  it('that is taken here is taken by the desk', () => {
    const unit = fc.constantFrom(...'0123456789+()-./ a٣');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        if (isPhone(text)) expect(deskTakesPhone(text)).toBe(true);
      }),
    );
  });
});

describe('what is missing', () => {
  it('in a start is nothing, unless something is wrong', () => {
    expect(startProblems(form(), 'general', channel())).toEqual({});
    expect(startProblems(form({ email: 'x', phone: 'y' }), 'link', channel())).toEqual({
      email: 'emailBad',
      phone: 'phoneBad',
    });
    expect(startProblems(form({ key: '12 34' }), 'key', channel())).toEqual({ key: 'keyNeeded' });
  });

  it('in a contact form is a message and one way to answer', () => {
    expect(contactProblems(form())).toEqual({ email: 'reachNeeded', text: 'textNeeded' });
    expect(contactProblems(form({ text: 'x', phone: '12345' }))).toEqual({});
    expect(contactProblems(form({ text: ' ', email: 'a@b.example' }))).toEqual({
      text: 'textNeeded',
    });
    expect(contactProblems(form({ text: 'x', email: 'a@b.example', phone: 'x' }))).toEqual({
      phone: 'phoneBad',
    });
  });
});

describe('a start', () => {
  const offer = channel({
    agents: [{ name: 'ana', displayName: 'Ana' }],
    issues: [{ id: 'q/i', queue: 'q', queueName: 'Q', displayName: 'I' }],
  });

  it('names at most one of issue, key, agent and link', () => {
    const any = fc.record({
      issue: fc.constantFrom('', 'q/i', 'q/gone'),
      agent: fc.constantFrom('', 'ana', 'gone'),
      key: fc.constantFrom('', '1234567'),
    });
    const way = fc.constantFrom('general' as const, 'link' as const, 'key' as const);
    fc.assert(
      fc.property(any, way, fc.boolean(), (fields, how, offered) => {
        const on = { ...offer, offered };
        const command = startCommand(form(fields), how, on, 'TOKEN', 'http://shop.example/');
        const named = [command.issue, command.key, command.agent, command.link].filter(
          (one) => one !== undefined,
        );
        expect(named.length).toBeLessThanOrEqual(1);
        if (how !== 'general') expect(named.length).toBe(1);
        if (!offered) expect(command.agent).toBeUndefined();
      }),
    );
  });

  it('sends no empty field', () => {
    expect(startCommand(form({ name: '  ' }), 'general', offer, undefined, 'p')).toEqual({
      type: 'join',
      page: 'p',
    });
  });

  it('takes a key however it is written', () => {
    for (const text of ['1234567', '123 45 67', '123-4567', ' 123.4567 ']) {
      expect(keyDigits(text)).toBe('1234567');
    }
  });
});

describe('the page that is told', () => {
  it.each([
    ['https://desk.example/w/web?to=SECRET', 'https://desk.example/w/web'],
    ['https://desk.example/w/web?key=1234567&x=1', 'https://desk.example/w/web?x=1'],
    ['https://shop.example/a?q=to+b#part', 'https://shop.example/a?q=to+b#part'],
    ['not an address', 'not an address'],
  ])('%s', (href, expected) => {
    expect(pageWithoutWish(href)).toBe(expected);
  });
});
