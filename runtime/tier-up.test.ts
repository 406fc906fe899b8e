import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { optimizeSooner } from './tier-up.ts';

function givenTo(v8?: string): string[] {
  const given: string[] = [];
  optimizeSooner((flags) => given.push(flags), v8);
  return given;
}

test('V8 knows the options that it is given, while it runs', () => {
  const script = `for (const flags of ${JSON.stringify(givenTo())}) require('node:v8').setFlagsFromString(flags)`;
  expect(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test('an option of old versions is not given to newer ones, which complain of it on stderr', () => {
  expect(givenTo('11.3.244.8-node.33')).toEqual(['--interrupt-budget=12000']);
  expect(givenTo('12.4.254.21-node.57')).toEqual([]);
  expect(givenTo('14.6.202.34-node.34')).toEqual([]);
});
