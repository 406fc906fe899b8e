import { describe, expect, test } from 'vitest';
import { coreKinds, type Pod, type ServiceAccount } from '../../api/index.ts';
import { systemRandom, VirtualClock } from '../../runtime/index.ts';
import { ObjectsInMemory } from '../auth/objects-in-memory.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { serviceAccount } from './service-account.ts';
import { ask, readerOf } from './testing/request.ts';

const account = (more: object = {}) => ({ metadata: { name: 'a', namespace: 'ns', ...more }, secrets: [{ name: 'mine' }] });
const ENFORCED = { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } };
const podOf = (spec: object, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { serviceAccountName: 'a', containers: [], ...spec },
    status: {},
  }) as Pod;

const pluginWith = (objects: ObjectReader, clock = new VirtualClock(0)) => serviceAccount({ objects, random: systemRandom, clock });

const refusal = async (pod: Pod, more: object = {}, accounts: object = ENFORCED) => {
  const plugin = pluginWith(readerOf([coreKinds.serviceaccounts, [account(accounts)]]));
  return (await ask(plugin, { object: pod, ...more })).refused?.replace('pods "p" is forbidden: ', '');
};

const because = 'is not allowed because service account a does not reference that';
const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
const envFrom = [{ secretRef: { name: 's' } }];

test.each([
  ['b', 'serviceaccount "b" not found'],
  ['a/b', `invalid resource name "a/b": [may not contain '/']`],
  ['..', `invalid resource name "..": [may not be '..']`],
])('an account that is not there: %s', async (serviceAccountName, why) => {
  expect(await refusal(podOf({ serviceAccountName }))).toBe(`error looking up service account ns/${serviceAccountName}: ${why}`);
});

describe('the account of a new namespace', () => {
  const asked = (objects: ObjectsInMemory, clock: VirtualClock) =>
    ask(pluginWith(objects, clock), { object: podOf({ serviceAccountName: '' }) });

  test('is waited for', async () => {
    const objects = new ObjectsInMemory();
    const answer = asked(objects, new VirtualClock(0));
    await Promise.resolve();
    await objects.create<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { namespace: 'ns', name: 'default' } });
    expect((await answer).refused).toBeUndefined();
  });

  test('but not for long', async () => {
    const clock = new VirtualClock(0);
    const answer = asked(new ObjectsInMemory(), clock);
    await clock.advance(1800);
    expect((await answer).refused).toBe(
      'pods "p" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
    );
  });
});

describe('an account that enforces its Secrets', () => {
  test.each<[object, string]>([
    [{ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, `volume with secret.secretName="s" ${because} secret`],
    [{ initContainers: [{ name: 'c', env }] }, `init container c with envVar E referencing secret.secretName="s" ${because} secret`],
    [{ containers: [{ name: 'c', envFrom }] }, `container c with envFrom referencing secret.secretName="s" ${because} secret`],
    [{ imagePullSecrets: [{ name: 'mine' }] }, `imagePullSecrets[0].name="mine" ${because} imagePullSecret`],
  ])('refuses pods with others: %j', async (spec, why) => {
    expect(await refusal(podOf(spec))).toBe(why);
    expect(await refusal(podOf(spec), {}, {})).toBeUndefined();
  });

  test('lets its own be used', async () => {
    const volumes = [{ name: 'v', secret: { secretName: 'mine' } }];
    expect(await refusal(podOf({ volumes }))).toBeUndefined();
  });

  test('refuses ephemeral containers with others', async () => {
    const pod = podOf({ ephemeralContainers: [{ name: 'e', env }] });
    const request = { operation: 'UPDATE', subresource: 'ephemeralcontainers', old: podOf({}) };
    expect(await refusal(pod, request)).toBe(`ephemeral container e with envVar E referencing secret.secretName="s" ${because} secret`);
  });
});

/** After what a webhook did to the pod. */
const validated = async (pod: Pod) => {
  const plugin = pluginWith(readerOf([coreKinds.serviceaccounts, [account()]]));
  return (await ask({ ...plugin, admit: () => undefined }, { object: pod })).refused?.replace('pods "p" is forbidden: ', '');
};

test('a webhook may not take the account away', async () => {
  expect(await validated(podOf({ serviceAccountName: '' }))).toBe('no service account specified for pod ns/p');
});

describe('a mirror pod', () => {
  const mirror = (spec: object) =>
    podOf({ serviceAccountName: undefined, ...spec }, { annotations: { 'kubernetes.io/config.mirror': '' } });

  test.each<[object, string]>([
    [{ serviceAccountName: 'a' }, 'a mirror pod may not reference service accounts'],
    [{ containers: [{ name: 'c', envFrom }] }, 'a mirror pod may not reference secrets'],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      'a mirror pod may not use ServiceAccountToken volume projections',
    ],
  ])('has nothing of the cluster: %j', async (spec, why) => {
    expect([await refusal(mirror(spec)), await validated(mirror(spec))]).toEqual([why, why]);
    expect(await refusal(mirror({}))).toBeUndefined();
  });
});
