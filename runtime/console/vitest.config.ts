import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    pool: 'threads', // a quarter less work than processes; each file has its own
    restoreMocks: true,
    testTimeout: 60_000, // a slow, busy machine is no failure
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
