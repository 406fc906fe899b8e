import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**'],
    pool: 'forks',
    // They wait more than they compute: as many as there are cores, where vitest would leave one free.
    maxWorkers: Math.max(2, availableParallelism()),
    // Longer than what tests themselves wait: whose waits end first says what did not come.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // What comes later, as events do: it is asked for again until it is there.
    expect: { poll: { timeout: 30_000 } },
  },
});
