import { expect, test } from 'vitest';
import { option, parseOptions } from './options.ts';

const table = {
  chance: option.number('A fraction.', 0, { min: 0, max: 0.02 }),
  wait: option.duration('A time.', 1000),
  loud: option.boolean('A choice.', false),
};

test.each([
  [['--chance=.01', '--wait=1m30s'], { chance: 0.01, wait: 90_000, loud: false }],
  [['--chance', '1e-2', '--wait', '0'], { chance: 0.01, wait: 0, loud: false }],
  [['--loud', '--chance=0'], { chance: 0, wait: 1000, loud: true }],
  [['--loud=T'], { chance: 0, wait: 1000, loud: true }],
  [['--loud=1', '--loud=False'], { chance: 0, wait: 1000, loud: false }],
])('%j is read', (argv, values) => {
  expect(parseOptions(table, argv).values).toEqual(values);
});

test.each([
  ['--chance=0.03', 'option --chance takes a number from 0 to 0.02, not "0.03"'],
  ['--chance=-0.01', 'option --chance takes a number from 0 to 0.02, not "-0.01"'],
  ['--chance=few', 'option --chance takes a number from 0 to 0.02, not "few"'],
  ['--loud=yes', 'option --loud takes true or false, not "yes"'],
  ['--quiet', 'unknown option --quiet; --help lists the options there are'],
  ['-x', 'unknown option -x; --help lists the options there are'],
  ['--wait=-1s', 'option --wait takes a duration such as 500ms, 40s or 1m30s, not "-1s"'],
])('%s is refused', (argument, message) => {
  expect(() => parseOptions(table, [argument])).toThrow(message);
});
