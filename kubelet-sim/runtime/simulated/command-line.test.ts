import { expect, test } from 'vitest';
import { commandLineOption } from './command-line.ts';

test.each([
  [['--name=a', '--name=b'], 'b'],
  [['-name', 'a', '--name=b', 'name=c'], 'b'],
  [['--names=a'], ''],
])('the last value that is given for an option counts: %j', (argv, value) => {
  expect(commandLineOption(argv, 'name')).toBe(value);
});
