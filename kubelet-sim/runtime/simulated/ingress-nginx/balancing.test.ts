import { describe, expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '../../../../runtime/index.ts';
import type { Canary } from './annotations.ts';
import { Balancer, cookiesOf } from './balancer.ts';
import type { Upstream } from './model.ts';
import { letsIn } from './password-file.ts';
import { RateLimits } from './rate-limits.ts';

const NO_CANARY: Canary = { enabled: true, weight: 0, weightTotal: 100, header: '', headerValue: '', headerPattern: '', cookie: '' };

const upstream = (addresses: readonly string[], more: Partial<Upstream> = {}): Upstream => ({
  name: 'default-web-80',
  endpoints: addresses.map((address) => ({ address, port: 80 })),
  isCanary: false,
  shaping: undefined,
  alternatives: [],
  affinity: undefined,
  cookiePaths: new Map([['x.com', ['/']]]),
  ...more,
});

const request = (headers: Readonly<Record<string, string>> = {}) => ({
  headers,
  cookies: cookiesOf(headers.cookie),
  host: 'x.com',
  locationPath: '/',
  isSecure: false,
});

const balancer = () => new Balancer(new VirtualClock(), seededRandom(7));

describe('a canary takes a request', () => {
  test.each<[string, Partial<Canary>, Record<string, string>, boolean]>([
    ['by its header', { header: 'X-Canary' }, { 'x-canary': 'always' }, true],
    ['not when the header says never', { header: 'X-Canary', weight: 100 }, { 'x-canary': 'never' }, false],
    ['by weight, when the header says something else', { header: 'X-Canary', weight: 100 }, { 'x-canary': 'maybe' }, true],
    ['by the value of its header', { header: 'X-Region', headerValue: 'eu' }, { 'x-region': 'eu' }, true],
    ['not by another value', { header: 'X-Region', headerValue: 'eu' }, { 'x-region': 'always' }, false],
    ['by a pattern of its header', { header: 'X-Region', headerPattern: '^eu-' }, { 'x-region': 'eu-1' }, true],
    ['by its cookie', { cookie: 'users' }, { cookie: 'a=b; users=always' }, true],
    ['not when the cookie says never', { cookie: 'users', weight: 100 }, { cookie: 'users=never' }, false],
    ['the header goes before the cookie', { header: 'X-Canary', cookie: 'users' }, { 'x-canary': 'never', cookie: 'users=always' }, false],
    ['not without weight', {}, {}, false],
  ])('%s', (_, shaping, headers, expected) => {
    const canary = upstream(['10.0.0.1'], { shaping: { ...NO_CANARY, ...shaping } });
    expect(balancer().goesToCanary(canary, request(headers))).toBe(expected);
  });

  test('by weight, so often', () => {
    const canary = upstream(['10.0.0.1'], { shaping: { ...NO_CANARY, weight: 30 } });
    const one = balancer();
    const taken = Array.from({ length: 1000 }, () => one.goesToCanary(canary, request())).filter(Boolean).length;
    expect(taken).toBeGreaterThan(250);
    expect(taken).toBeLessThan(350);
  });
});

test('pods are asked in turn', () => {
  const web = upstream(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  const one = balancer();
  const asked = Array.from({ length: 6 }, () => one.pick(web, request())?.endpoint.address);
  expect(asked.slice(0, 3)).toEqual(asked.slice(3));
  expect(new Set(asked).size).toBe(3);
});

test('a cookie leads to the same pod, also when others come and go', () => {
  const affinity = {
    name: 'route',
    expires: '',
    maxAge: '3600',
    path: '',
    domain: '',
    sameSite: 'Lax',
    secure: undefined,
    changeOnFailure: false,
    canaryBehaviour: '',
  };
  const web = upstream(['10.0.0.1', '10.0.0.2', '10.0.0.3'], { affinity });
  const one = balancer();
  const first = one.pick(web, request());
  expect(first?.cookie).toMatch(/^route=\d+\.\d{3}\.31\.\d+\|[0-9a-f]{32}; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/);
  const cookie = first?.cookie?.split(';')[0] ?? '';
  for (let i = 0; i < 10; i++) expect(one.pick(web, request({ cookie }))).toEqual({ endpoint: first?.endpoint });
  const kept = upstream([first?.endpoint.address ?? '', '10.0.0.9'], { affinity });
  expect(one.pick(kept, request({ cookie }))).toBeDefined();
  expect(one.pick(upstream([], { affinity }), request({ cookie }))).toBeUndefined();
});

test('requests beyond the rate and its burst are refused, until time has passed', () => {
  const limits = new RateLimits();
  const rule = { zone: 'z', perSecond: 2, perMinute: 0, burstMultiplier: 2, allowlist: [] };
  const admitted = (now: number) => Array.from({ length: 10 }, () => limits.admits(rule, '10.0.0.1', now)).filter(Boolean).length;
  expect(admitted(0)).toBe(5);
  expect(limits.admits(rule, '10.0.0.2', 0)).toBe(true);
  expect(admitted(1000)).toBe(2);
});

describe('passwords', () => {
  const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  // Made by `htpasswd` and `openssl passwd`.
  test.each([
    ['foo:$apr1$OFG3Xybp$LQh0Z3Y6pMCbAnI7Aq62V.', 'myPassword'],
    ['foo:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/', 'password'],
    ['foo:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'password'],
    ['foo:{PLAIN}password', 'password'],
  ])('%s', (line, password) => {
    expect(letsIn(`other:x\n${line}\n`, basic('foo', password))).toBe(true);
    expect(letsIn(line, basic('foo', `${password}!`))).toBe(false);
    expect(letsIn(line, basic('bar', password))).toBe(false);
    expect(letsIn(line, undefined)).toBe(false);
  });
});
