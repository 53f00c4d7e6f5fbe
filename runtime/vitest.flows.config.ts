import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Flows drive Chromium against a real runtime. Files run side by side, one for each processor and at least two: most of
// a flow is work, some of it is waiting. A process goes from file to file with the browser that it has started. Time for
// a browser on a slow, busy machine.
export default defineConfig({
  test: {
    environment: 'node',
    include: ['{console,widget}/flows/**/*.flow.ts'],
    setupFiles: ['./testing/flows.ts'],
    isolate: false,
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
