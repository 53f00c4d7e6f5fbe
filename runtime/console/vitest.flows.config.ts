import { defineConfig } from 'vitest/config';

// Flows drive Chromium against a real runtime: one after the other, with time for a browser on a slow, busy machine.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['flows/**/*.flow.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
    maxWorkers: 1,
  },
});
