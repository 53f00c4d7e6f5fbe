import { defineConfig } from 'vitest/config';

// Flows drive Chromium against a real runtime: one after the other, with time for a browser.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['flows/**/*.flow.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    maxWorkers: 1,
  },
});
