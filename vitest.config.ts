import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Whose tests keep nothing in modules: they run side by side in one process, which loads each module once. */
const SHARED = ['api', 'apiserver', 'client', 'controller-manager', 'kubelet-sim', 'runtime', 'scheduler'].map(
  (folder) => `${folder}/**/*.test.ts`,
);
/** What is about the first load of a module. */
const ALONE = ['kubelet-sim/runtime/simulated/first-shell.test.ts'];
const NEVER = ['node_modules/**', 'dist/**'];

export default defineConfig({
  test: {
    pool: 'forks',
    // They wait more than they compute: as many as there are cores, where vitest would leave one free.
    maxWorkers: Math.max(2, availableParallelism()),
    // Longer than what tests themselves wait: whose waits end first says what did not come.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // What comes later, as events do: it is asked for again until it is there.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      { extends: true, test: { name: 'units', include: SHARED, exclude: [...NEVER, ...ALONE], isolate: false } },
      { extends: true, test: { name: 'whole', include: ['**/*.test.ts'], exclude: [...NEVER, ...SHARED], isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
