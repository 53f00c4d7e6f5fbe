import { defineConfig } from 'vitest/config';

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  define: { __EMOJI__: '"assets/emoji.js"' },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    pool: 'threads', // a quarter less work than processes; each file has its own
    restoreMocks: true,
    testTimeout: 60_000, // a slow, busy machine is no failure
    hookTimeout: 60_000,
  },
});
