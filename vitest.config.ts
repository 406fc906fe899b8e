import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What is about the first load of a module. */
const ALONE = ['kubelet-sim/runtime/simulated/first-shell.test.ts'];
const NEVER = ['node_modules/**', 'dist/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    // They wait more than they compute: one more than there are cores.
    maxWorkers: 1 + Math.max(2, availableParallelism()),
    // Longer than what tests themselves wait: whose waits end first says what did not come.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // What comes later, as events do: it is asked for again until it is there.
    expect: { poll: { timeout: 120_000 } },
    projects: [
      // Tests keep nothing in modules: a process runs many files, and loads each module once.
      { extends: true, test: { name: 'shared', include: ['**/*.test.ts'], exclude: [...NEVER, ...ALONE], isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
