import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// File names carry a content hash, so a release's assets never change and may be cached for good.
export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
});
