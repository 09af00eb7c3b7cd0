import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // Assets find each other relative to where they lie, wherever a release's pages load them from.
  base: './',
  build: {
    // The page is Django's: it looks up the hashed names here.
    manifest: true,
    rollupOptions: { input: 'src/main.jsx' },
  },
});
