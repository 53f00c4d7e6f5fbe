import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000, // a slow, busy machine is no failure
    hookTimeout: 60_000,
  },
});
