import { defineConfig } from 'vitest/config';

/** Flows drive a real browser against a real runtime; one at a time, because both are heavy. */
export default defineConfig({
  test: {
    environment: 'node',
    include: ['flows/**/*.flow.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 240_000,
  },
});
