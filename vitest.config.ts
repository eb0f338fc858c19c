import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Exhaustive searches take their time on a slow machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Threads: WebAssembly memory of several GB must not be copied between processes. Two: what a small CI machine has.
    pool: 'threads',
    maxWorkers: 2,
    // No file changes what another one sees, and each would read the sources again.
    isolate: false,
  },
});
