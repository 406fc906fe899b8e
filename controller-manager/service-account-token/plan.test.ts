import { describe, expect, it } from 'vitest';
import type { Live, Secret, ServiceAccount } from '../../api/index.ts';
import { ago, aPod, meta, NOW } from '../testing/builders.ts';
import { isTrackedLongEnough, planCleanUp, planToken, secretsOf } from './plan.ts';

const YEAR_S = 365 * 24 * 3600;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const account: Live<ServiceAccount> = { metadata: meta('bot'), secrets: [{ name: 'bot-token' }] };
const secret = (data: Record<string, string> = {}, labels: Record<string, string> = {}, age = 2 * YEAR_S): Live<Secret> => ({
  metadata: meta('bot-token', {
    labels,
    creationTimestamp: ago(age),
    annotations: { 'kubernetes.io/service-account.name': 'bot', 'kubernetes.io/service-account.uid': 'uid-bot' },
  }),
  type: 'kubernetes.io/service-account-token',
  data,
});

describe('a token’s Secret', () => {
  const fill = (data?: Record<string, string>) => planToken(secret(data), account, { rootCa: 'CA', sign: () => 'TOKEN' });
  const whole = { 'ca.crt': base64('CA'), namespace: base64('default'), token: base64('TOKEN') };

  it('is filled with what is not there', () => {
    expect(fill()?.data).toEqual(whole);
    expect(fill({ ...whole, token: base64('old'), 'ca.crt': base64('old') })?.data).toEqual({ ...whole, token: base64('old') });
    expect(fill({ ...whole, mine: 'x' })).toBeUndefined();
    expect(planToken(secret({ token: 'x', namespace: 'y' }), account, { rootCa: undefined, sign: () => 'no' })).toBeUndefined();
  });
});

describe('a token that was made unasked', () => {
  const plan = (labels: Record<string, string>, more: { age?: number; account?: Live<ServiceAccount>; isMounted?: boolean } = {}) =>
    planCleanUp(secret({}, labels, more.age), { account, isMounted: false, now: NOW, unusedMs: YEAR_S * 1000, ...more });
  const used = (day: string) => ({ 'kubernetes.io/legacy-token-last-used': day });
  const marked = (day: string) => ({ 'kubernetes.io/legacy-token-invalid-since': day });

  it.each([
    ['never used', {}, {}, 'mark'],
    ['used long ago', used('2024-06-01'), {}, 'mark'],
    ['used lately', used('2025-06-01'), {}, 'keep'],
    ['used nobody knows when', used('lately'), {}, 'keep'],
    ['new', {}, { age: 60 }, 'keep'],
    ['asked for: the account does not name it', {}, { account: { metadata: meta('bot') } }, 'keep'],
    ['of another account of the name', {}, { account: { ...account, metadata: meta('bot', { uid: 'other' }) } }, 'keep'],
    ['mounted', {}, { isMounted: true }, 'keep'],
    ['marked lately', marked('2025-06-01'), {}, 'keep'],
    ['marked long ago', marked('2024-06-01'), {}, 'delete'],
    ['marked with nonsense', marked('x'), {}, 'mark'],
  ] as const)('%s', (_name, labels, more, outcome) => {
    expect(plan(labels, more)).toBe(outcome);
  });

  it('is left alone until its use has been noted for a year', () => {
    expect(isTrackedLongEnough('2024-12-01', NOW, YEAR_S * 1000)).toBe(true);
    expect(isTrackedLongEnough('2025-12-01', NOW, YEAR_S * 1000)).toBe(false);
    expect(isTrackedLongEnough(undefined, NOW, YEAR_S * 1000)).toBe(false);
  });
});

it('pods use Secrets in many ways', () => {
  const pod = aPod('a')
    .change(({ spec }) => {
      spec.imagePullSecrets = [{ name: 'pull' }];
      spec.containers = [
        { name: 'c', image: 'x', resources: {}, envFrom: [{ secretRef: { name: 'from' } }] },
        { name: 'd', image: 'x', resources: {}, env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }] },
      ];
      spec.volumes = [
        { name: 'v', secret: { secretName: 'volume' } },
        { name: 'p', projected: { sources: [{ secret: { name: 'projected' } }] } },
      ];
    })
    .build();
  expect([...secretsOf(pod)].sort()).toEqual(['from', 'key', 'projected', 'pull', 'volume']);
});
