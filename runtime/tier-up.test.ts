import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { optimizeSooner } from './tier-up.ts';

test('V8 knows the option that it is given, while it runs', () => {
  const given: string[] = [];
  optimizeSooner((flags) => given.push(flags));
  const script = `require('node:v8').setFlagsFromString(${JSON.stringify(given[0])})`;
  expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});
