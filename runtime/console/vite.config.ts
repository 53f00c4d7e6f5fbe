import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The console is served by the runtime from its own origin. While it is developed, /v1 goes to the
// runtime that USHER_URL names.
export default defineConfig({
  plugins: [react()],
  base: '/',
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    manifest: true,
    sourcemap: false,
    // Nothing inline: the policy of the pages allows own files only.
    assetsInlineLimit: 0,
    emptyOutDir: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/v1': { target: process.env.USHER_URL ?? 'http://127.0.0.1:8080', ws: true },
    },
  },
});
