import type { Targeting } from '@usher/protocol/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facts, holds, matches, shareOf } from './targeting.ts';

const facts = (more: Partial<Facts> = {}): Facts => ({
  page: 'https://shop.example/cart?size=4#top',
  referrer: '',
  language: 'en-GB',
  seconds: 0,
  pages: 1,
  depth: 0,
  returning: false,
  leaving: false,
  attributes: {},
  share: 50,
  ...more,
});

describe('a rule', () => {
  const table: [string, Targeting, Partial<Facts>, boolean][] = [
    [
      'the whole address',
      { type: 'PagePattern', pattern: 'https://shop.example/cart?size=4' },
      {},
      true,
    ],
    ['any text by a star', { type: 'PagePattern', pattern: '*/cart*' }, {}, true],
    ['another page', { type: 'PagePattern', pattern: '*/checkout*' }, {}, false],
    ['the path of any host', { type: 'PagePattern', pattern: '/cart*' }, {}, true],
    ['the path from its beginning', { type: 'PagePattern', pattern: '/art*' }, {}, false],
    [
      'the place in a page when the pattern has one',
      { type: 'PagePattern', pattern: '*#top' },
      {},
      true,
    ],
    ['letters as they are', { type: 'PagePattern', pattern: '/Cart*' }, {}, false],
    ['no pattern at all', { type: 'PagePattern' }, {}, false],
    [
      'a referrer',
      { type: 'Referrer', pattern: 'https://search.example/*' },
      { referrer: 'https://search.example/q' },
      true,
    ],
    ['no referrer', { type: 'Referrer', pattern: 'https://search.example/*' }, {}, false],
    ['nobody’s referrer', { type: 'Referrer', pattern: '*' }, {}, true],
    ['a language with any region', { type: 'Language', languages: ['pt', 'en'] }, {}, true],
    ['a language with its region', { type: 'Language', languages: ['EN-gb'] }, {}, true],
    ['another region', { type: 'Language', languages: ['en-US'] }, {}, false],
    ['a language that only begins alike', { type: 'Language', languages: ['e'] }, {}, false],
    ['time not reached', { type: 'TimeOnPage', atLeast: 30 }, { seconds: 29.9 }, false],
    ['time reached', { type: 'TimeOnPage', atLeast: 30 }, { seconds: 30 }, true],
    ['pages not reached', { type: 'PagesSeen', atLeast: 2 }, {}, false],
    ['pages reached', { type: 'PagesSeen', atLeast: 2 }, { pages: 2 }, true],
    ['depth not reached', { type: 'ScrollDepth', atLeast: 75 }, { depth: 74.9 }, false],
    ['depth reached', { type: 'ScrollDepth', atLeast: 75 }, { depth: 75 }, true],
    ['a first visit', { type: 'ReturningVisitor' }, {}, false],
    ['a later visit', { type: 'ReturningVisitor' }, { returning: true }, true],
    ['who stays', { type: 'ExitIntent' }, {}, false],
    ['who is about to leave', { type: 'ExitIntent' }, { leaving: true }, true],
    [
      'an attribute of one of the values',
      { type: 'Attribute', attribute: 'Plan', values: ['gold', 'silver'] },
      { attributes: { plan: 'gold' } },
      true,
    ],
    [
      'an attribute of another value',
      { type: 'Attribute', attribute: 'plan', values: ['gold'] },
      { attributes: { plan: 'Gold' } },
      false,
    ],
    [
      'an attribute that is not told',
      { type: 'Attribute', attribute: 'plan', values: ['undefined'] },
      {},
      false,
    ],
    [
      'an attribute of the language itself',
      { type: 'Attribute', attribute: 'constructor', values: ['x'] },
      {},
      false,
    ],
    ['a share with this visitor', { type: 'VisitorShare', atLeast: 51 }, {}, true],
    ['a share without this visitor', { type: 'VisitorShare', atLeast: 50 }, {}, false],
    ['a number that is missing', { type: 'TimeOnPage' }, { seconds: 1e9 }, false],
    ['a type of a later version', { type: 'Weather', pattern: '*' }, {}, false],
  ];
  it.each(table)('about %s', (_, rule, known, expected) => {
    expect(holds([rule], facts(known))).toBe(expected);
  });
});

describe('rules together', () => {
  it('must all hold, and none is no hindrance', () => {
    const time = { type: 'TimeOnPage', atLeast: 30 };
    const depth = { type: 'ScrollDepth', atLeast: 50 };
    expect(holds([], facts())).toBe(true);
    expect(holds([time, depth], facts({ seconds: 40 }))).toBe(false);
    expect(holds([time, depth], facts({ seconds: 40, depth: 60 }))).toBe(true);
    expect(holds([time, { type: 'Weather' }], facts({ seconds: 40 }))).toBe(false);
  });

  it('once held by what only grows, hold on', () => {
    const grows = fc.record({ seconds: fc.nat(200), pages: fc.nat(20), depth: fc.nat(100) });
    fc.assert(
      fc.property(grows, grows, fc.nat(200), (now, more, atLeast) => {
        const rules = ['TimeOnPage', 'PagesSeen', 'ScrollDepth'].map((type) => ({ type, atLeast }));
        const later = {
          seconds: now.seconds + more.seconds,
          pages: now.pages + more.pages,
          depth: now.depth + more.depth,
        };
        for (const rule of rules) {
          if (holds([rule], facts(now))) expect(holds([rule], facts(later))).toBe(true);
        }
      }),
    );
  });
});

describe('a pattern', () => {
  it('is what a regular expression would be', () => {
    const letter = fc.constantFrom('a', 'b', '.', '*', '/');
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/'), maxLength: 12 });
    fc.assert(
      fc.property(fc.string({ unit: letter, maxLength: 8 }), text, (pattern, address) => {
        const escaped = pattern
          .split('*')
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
        expect(matches(pattern, address)).toBe(new RegExp(`^${escaped.join('.*')}$`).test(address));
      }),
      { numRuns: 2_000 },
    );
  });

  it('made of stars takes no longer than another', () => {
    const before = performance.now();
    expect(matches(`${'*a'.repeat(100)}*b`, 'a'.repeat(20_000))).toBe(false);
    expect(performance.now() - before).toBeLessThan(200);
  });
});

describe('a visitor’s share', () => {
  it('is within 0 and 100, and always the same', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const share = shareOf(id);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThan(100);
        expect(shareOf(id)).toBe(share);
      }),
    );
  });

  it('is evenly spread: each tenth gets a tenth of 100,000 visitors', () => {
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const tenth = Math.floor(shareOf(`0.${i * 7_919}1700000000000shop/web`) / 10);
      counts[tenth] = (counts[tenth] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
