import { defineConfig } from 'vitest/config';

/** Flows drive a real browser against a real runtime; one at a time, because both are heavy, and with time for a slow, busy machine. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['flows/**/*.flow.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
