import { expect, test } from 'vitest';
import { levelOf, withLongNames } from './verbosity.ts';

test('a command line is read as pflag reads it', () => {
  expect(withLongNames(['-v=4', '-v6', '-v', '2', '--concurrent_rc_syncs=3', '--kubeconfig', '/a_b', '--root-ca-file=/c_d'])).toEqual([
    ...['--v=4', '--v=6', '--v', '2', '--concurrent-rc-syncs=3', '--kubeconfig', '/a_b', '--root-ca-file=/c_d'],
  ]);
});

test('-v is a measure of how much is logged', () => {
  expect([0, 3, 4, 5, 6, 10].map(levelOf)).toEqual(['info', 'info', 'debug', 'debug', 'trace', 'trace']);
});
