// The cases are those of upstream's `plugin/pkg/admission/imagepolicy/admission_test.go`, and what a kube-apiserver 1.34 says.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coreKinds, type Pod } from '../../api/index.ts';
import { seededRandom, UserError, VirtualClock } from '../../runtime/index.ts';
import { startReviewWebhook } from '../../test/support/review-webhook.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { readAdmissionConfiguration } from './configuration.ts';
import { imagePolicyOf, imagePolicyWebhook } from './image-policy.ts';
import { ask, type Request } from './testing/request.ts';

const podOf = (annotations: Record<string, string> = {}) =>
  ({
    metadata: { name: 'p', namespace: 'ns', annotations },
    spec: { containers: [{ name: 'c', image: 'a' }], initContainers: [{ name: 'i', image: 'b' }], ephemeralContainers: [{ image: 'd' }] },
    status: {},
  }) as unknown as Pod;

async function aPolicy(more: object = {}) {
  const directory = await tempDirectory();
  const webhook = await startReviewWebhook(directory.path);
  const path = join(directory.path, 'admission.yaml');
  const configuration = { imagePolicy: { kubeConfigFile: webhook.kubeconfig, retryBackoff: 1, ...more } };
  const plugins = [{ name: 'ImagePolicyWebhook', configuration }];
  writeFileSync(path, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins }));
  const clock = new VirtualClock();
  const plugin = imagePolicyWebhook(imagePolicyOf(readAdmissionConfiguration(path)), { clock, random: seededRandom(1) });
  return {
    webhook,
    clock,
    ask: (request: Request = {}) => ask(plugin, { object: podOf(), ...request }),
    [Symbol.asyncDispose]: async () => {
      plugin.close?.();
      await webhook[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('the webhook is told the images, the namespace and its own annotations, and what it says is noted', async () => {
  await using it = await aPolicy();
  it.webhook.answer = () => ({ allowed: true, auditAnnotations: { key: 'value' } });
  const object = podOf({ 'my.image-policy.k8s.io/ticket': '1', other: '2' });
  expect(await it.ask({ object })).toMatchObject({
    refused: undefined,
    annotations: { 'imagepolicywebhook.image-policy.k8s.io/key': 'value' },
  });
  await it.ask({ subresource: 'ephemeralcontainers', operation: 'UPDATE' });
  expect(it.webhook.reviews).toMatchObject([
    {
      kind: 'ImageReview',
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      spec: { containers: [{ image: 'a' }, { image: 'b' }], annotations: { 'my.image-policy.k8s.io/ticket': '1' }, namespace: 'ns' },
    },
    { spec: { containers: [{ image: 'd' }], namespace: 'ns' } },
  ]);
  expect(it.webhook.queries).toEqual(['timeout=30s', 'timeout=30s']);
});

test('nothing else is asked of', async () => {
  await using it = await aPolicy();
  for (const request of [{ kind: coreKinds.services }, { subresource: 'status' }, { operation: 'DELETE' }] as const) {
    expect((await it.ask(request)).refused).toBeUndefined();
  }
  expect(it.webhook.reviews).toEqual([]);
});

test('what it refuses is forbidden, for the reason it gives, and remembered for a while', async () => {
  await using it = await aPolicy({ denyTTL: 10 });
  const refused = async () => (await it.ask()).refused;
  expect(await refused()).toBe('pods "p" is forbidden: one or more images rejected by webhook backend');
  it.webhook.answer = () => ({ allowed: false, reason: 'no latest' });
  expect(await refused()).toBe('pods "p" is forbidden: one or more images rejected by webhook backend');
  await it.clock.advance(10_001);
  expect(await refused()).toBe('pods "p" is forbidden: image policy webhook backend denied one or more images: no latest');
});

test('without an answer pods are forbidden, or run, with a note', async () => {
  await using closed = await aPolicy();
  closed.webhook.answer = () => 404;
  expect((await closed.ask()).refused).toMatch(/^pods "p" is forbidden: /);
  await using open = await aPolicy({ defaultAllow: true });
  open.webhook.answer = () => 404;
  const object = podOf();
  expect(await open.ask({ object })).toMatchObject({
    refused: undefined,
    annotations: { 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' },
  });
  expect(object.metadata.annotations).toEqual({ 'alpha.image-policy.k8s.io/failed-open': 'true' });
});

test('nobody listens: the error is Go’s', async () => {
  await using it = await aPolicy();
  await it.webhook[Symbol.asyncDispose]();
  expect((await it.ask()).refused).toMatch(
    /^pods "p" is forbidden: Post "https:\/\/127\.0\.0\.1:\d+\/review\?timeout=30s": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
  );
});

test.each([
  [{ allowTTL: 3600 }, /valid value is between 1s and 30m0s, got 1h0m0s/],
  [{ retryBackoff: 600_000 }, /valid value is between 1ns and 5m0s, got 10m0s/],
  [{ kubeConfigFile: '/nowhere' }, /nowhere/],
])('a configuration with %j is refused', async (more, why) => {
  const made = aPolicy(more);
  await expect(made).rejects.toThrow(why);
  await expect(made).rejects.toThrow(UserError);
});
