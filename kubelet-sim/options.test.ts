import { expect, test } from 'vitest';
import { parseAddresses, parseHandlers, parseSysctls, parseThresholds } from './options.ts';

test('DNS servers are IP addresses', () => {
  expect(parseAddresses(['10.96.0.10', 'fd00::a'])).toEqual(['10.96.0.10', 'fd00::a']);
  expect(() => parseAddresses(['dns.example'])).toThrow('option --cluster-dns takes IP addresses, not "dns.example"');
});

test('handlers of RuntimeClasses have names as those have', () => {
  expect(parseHandlers(['runsc', 'kata-qemu'])).toEqual(['runsc', 'kata-qemu']);
  expect(() => parseHandlers(['Kata'])).toThrow('option --runtime-handlers takes names such as runsc, not "Kata"');
});

test.each<[pattern: string, isTaken: boolean]>([
  ['kernel.msg*', true],
  ['kernel.sem', true],
  ['kernel/msg*', true],
  ['net.*', true],
  ['fs.mqueue.*', true],
  [' kernel.msg*', false],
  ['kernel.msg* ', false],
  ['net.-', false],
  ['net.*.foo', false],
  ['net.*/foo', false],
  ['foo', false],
  ['foo*', false],
  ['', false],
  [`net.${'a'.repeat(250)}`, false],
])('a node can be told to allow the parameter of the kernel %j: %s', (pattern, isTaken) => {
  if (isTaken) expect(parseSysctls([pattern])).toEqual([pattern]);
  else expect(() => parseSysctls([pattern])).toThrow(`such as net.core.*, not "${pattern}"`);
});

// Upstream's TestParseThresholdConfig.
test.each<[hard: string[], soft: string[], graces: string[], outcome: string]>([
  [[], [], [], ''],
  [
    ['memory.available<150Mi'],
    ['memory.available<300Mi'],
    ['memory.available=30s'],
    'memory.available<150Mi 0, memory.available<300Mi 30000',
  ],
  [['nodefs.available<10.5%', 'imagefs.available<15%'], [], [], 'nodefs.available<10.5% 0, imagefs.available<15% 0'],
  [['nodefs.inodesFree<100Mi'], [], [], 'nodefs.inodesFree<100Mi 0'],
  [['memory.available<0%', 'nodefs.available<100%', 'pid.available<5'], ['imagefs.available<0%'], [], 'pid.available<5 0'],
  [['mem.available<150Mi'], [], [], 'option --eviction-hard takes thresholds such as memory.available<100Mi, not "mem.available<150Mi"'],
  [
    ['memory.available<-150Mi'],
    [],
    [],
    'option --eviction-hard takes thresholds such as memory.available<100Mi, not "memory.available<-150Mi"',
  ],
  [['memory.available<0'], [], [], 'option --eviction-hard takes thresholds such as memory.available<100Mi, not "memory.available<0"'],
  [['memory.available<1zz'], [], [], 'option --eviction-hard takes thresholds such as memory.available<100Mi, not "memory.available<1zz"'],
  [
    ['memory.available<101%'],
    [],
    [],
    'option --eviction-hard takes thresholds such as memory.available<100Mi, not "memory.available<101%"',
  ],
  [['memory.available<150Mi', 'memory.available<100Mi'], [], [], 'option --eviction-hard takes one threshold of memory.available'],
  [
    [],
    ['memory.available<1Gi'],
    [],
    'option --eviction-soft-grace-period needs a duration for "memory.available<1Gi", such as memory.available=1m30s',
  ],
  [
    [],
    ['memory.available<1Gi'],
    ['memory.available=-30s'],
    'option --eviction-soft-grace-period needs a duration for "memory.available<1Gi", such as memory.available=1m30s',
  ],
])('thresholds %j, soft %j for %j', (hard, soft, graces, outcome) => {
  const values = { 'eviction-hard': hard, 'eviction-soft': soft, 'eviction-soft-grace-period': graces, 'eviction-minimum-reclaim': [] };
  const read = () => {
    try {
      return parseThresholds(values)
        .map(({ signal, value, graceMs }) => `${signal}<${value} ${graceMs}`)
        .join(', ');
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  expect(read()).toBe(outcome);
});

test.each([
  [
    ['memory.available=0Mi', 'nodefs.available=500Mi'],
    [
      ['memory.available', '0Mi'],
      ['nodefs.available', '500Mi'],
    ],
  ],
  [
    ['nodefs.available=5%'],
    [
      ['memory.available', undefined],
      ['nodefs.available', '5%'],
    ],
  ],
  [['nodefs.available=0%'], 'option --eviction-minimum-reclaim takes amounts such as memory.available=500Mi, not "0%"'],
  [['nodefs.available=-5Mi'], 'option --eviction-minimum-reclaim takes amounts such as memory.available=500Mi, not "-5Mi"'],
  [['nodefs=5Mi'], 'option --eviction-minimum-reclaim takes no signal "nodefs"'],
])('what is won back, %j', (reclaims, outcome) => {
  const hard = ['memory.available<100Mi', 'nodefs.available<10%'];
  const values = { 'eviction-hard': hard, 'eviction-soft': [], 'eviction-soft-grace-period': [], 'eviction-minimum-reclaim': reclaims };
  const read = () => parseThresholds(values).map(({ signal, minReclaim }) => [signal, minReclaim]);
  if (typeof outcome === 'string') expect(read).toThrow(outcome);
  else expect(read()).toEqual(outcome);
});
