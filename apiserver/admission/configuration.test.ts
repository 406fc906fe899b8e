import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../runtime/index.ts';
import { readAdmissionConfiguration } from './configuration.ts';
import { eventLimitsOf } from './event-rate-limit.ts';
import { AdmissionMetrics, createAdmission } from './index.ts';
import { nodeSelectorsOf } from './pod-node-selector.ts';
import { podSecurityConfiguration } from './pod-security/configuration.ts';
import { clusterTolerationsOf } from './pod-toleration-restriction.ts';
import { limitedResourcesOf } from './resource-quota/configuration.ts';
import { readerOf } from './testing/request.ts';

const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\n';
const POD_SECURITY = 'apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function written(text: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
  directories.push(directory);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  const path = join(directory, 'admission.yaml');
  writeFileSync(path, text);
  return path;
}

const inline = (name: string, configuration: object) =>
  readAdmissionConfiguration(
    written(
      JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins: [{ name, configuration }] }),
    ),
  );

const podSecurity = (more: object) =>
  podSecurityConfiguration(
    inline('PodSecurity', { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration', ...more }),
  );

describe('the admission configuration file', () => {
  test('tells a plugin what it is told there, or in a file of its own beside it', () => {
    const path = written(`${HEAD}plugins:\n- name: PodSecurity\n  path: own.yaml\n`, {
      'own.yaml': `${POD_SECURITY}defaults: {enforce: baseline, enforce-version: v1.30}\nexemptions: {namespaces: [kube-system]}\n`,
    });
    expect(podSecurityConfiguration(readAdmissionConfiguration(path))).toEqual({
      defaults: {
        enforce: { level: 'baseline', version: 30 },
        audit: { level: 'privileged', version: 'latest' },
        warn: { level: 'privileged', version: 'latest' },
      },
      exemptions: { usernames: [], namespaces: ['kube-system'], runtimeClasses: [] },
    });
    expect(limitedResourcesOf(readAdmissionConfiguration(path))).toEqual([]);
  });

  test.each([
    ['', /expected object/],
    ['a: [', /in .*admission.yaml/],
    ['apiVersion: v1\nkind: Config\n', /apiVersion: /],
    [`${HEAD}plugins: [{path: a}]\n`, /plugins.0.name: /],
    [`${HEAD}plugins: [{name: PodSecurity, path: none.yaml}]\n`, /ENOENT.*none.yaml/],
    [`${HEAD}plugs: []\n`, /Unrecognized key: "plugs"/],
  ])('says what is wrong with %j', (text, why) => {
    expect(() => readAdmissionConfiguration(written(text))).toThrow(why);
  });

  test('PodSecurity says all that is wrong at once', () => {
    const more = {
      defaults: { enforce: 'none', 'warn-version': '1' },
      exemptions: { namespaces: ['A', 'b', 'b'], usernames: [''], runtimeClasses: ['k'] },
    };
    expect(() => podSecurity(more)).toThrow(
      'PodSecurity: defaults.enforce: Invalid value: "none": must be one of privileged, baseline, restricted, ' +
        'defaults.warn-version: Invalid value: "1": must be "latest" or "v1.x", exemptions.namespaces[0]: Invalid value: "A": a lowercase RFC 1123 label',
    );
    expect(() => podSecurity(more)).toThrow(
      /exemptions.namespaces\[2\]: Duplicate value: "b", exemptions.usernames\[0\]: Invalid value: "": username/,
    );
    expect(() => podSecurity({ default: {} })).toThrow('PodSecurity: Unrecognized key: "default"');
  });

  test('ResourceQuota takes limited resources, which have a name', () => {
    const limits = (limitedResources: readonly object[]) => ({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'ResourceQuotaConfiguration',
      limitedResources,
    });
    const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] };
    expect(limitedResourcesOf(inline('ResourceQuota', limits([{ resource: 'pods', matchScopes: [scope] }])))).toEqual([
      { apiGroup: '', resource: 'pods', matchContains: [], matchScopes: [scope] },
    ]);
    expect(() => limitedResourcesOf(inline('ResourceQuota', limits([{ matchContains: ['cpu'] }])))).toThrow(
      'ResourceQuota: limitedResources[0].resource: Required value',
    );
    expect(() => limitedResourcesOf(inline('ResourceQuota', { kind: 'X' }))).toThrow(/a ResourceQuotaConfiguration of .* is expected/);
  });
});

/** Upstream's, in its order. */
const DEFAULT_ON = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'TaintNodesByCondition',
  'PodSecurity',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'PodTopologyLabels',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
];

describe('what plugins that are off by default are told', () => {
  test('PodNodeSelector: selectors by namespace, in the one form that it has', () => {
    const podNodeSelectorPluginConfig = { clusterDefaultNodeSelector: 'a=b', ns: 'c=d' };
    expect(nodeSelectorsOf(inline('PodNodeSelector', { podNodeSelectorPluginConfig }))).toEqual(podNodeSelectorPluginConfig);
    expect(() => nodeSelectorsOf(inline('PodNodeSelector', { podNodeSelectorPluginConfig: 'a=b' }))).toThrow(
      /PodNodeSelector: podNodeSelectorPluginConfig: /,
    );
  });

  test('PodTolerationRestriction: tolerations', () => {
    const head = { apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1', kind: 'Configuration' };
    const whitelist = [{ key: 'a', operator: 'Exists' }];
    expect(clusterTolerationsOf(inline('PodTolerationRestriction', { ...head, whitelist }))).toMatchObject({ default: [], whitelist });
    expect(() => clusterTolerationsOf(inline('PodTolerationRestriction', { ...head, whitelist: ['a'] }))).toThrow(/whitelist.0: /);
  });

  test('EventRateLimit: limits, at least one', () => {
    const limits = (...limits: readonly object[]) =>
      inline('EventRateLimit', { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration', limits });
    const good = { type: 'Server', qps: 1, burst: 2 };
    expect(eventLimitsOf(limits(good))).toEqual([{ ...good, cacheSize: 0 }]);
    expect(() => eventLimitsOf(limits())).toThrow('EventRateLimit: limits: Invalid value: "": must not be empty');
    expect(() => eventLimitsOf(limits({ type: 'X', qps: 0, burst: -1, cacheSize: -1 }))).toThrow(
      'limits[0].type: Unsupported value: "X": supported values: "Server", "Namespace", "User", "SourceAndObject", ' +
        'limits[0].burst: Invalid value: -1: must be positive, limits[0].qps: Invalid value: 0: must be positive, ' +
        'limits[0].cacheSize: Invalid value: -1: must not be negative',
    );
  });
});

describe('which plugins run', () => {
  const objects = readerOf() as never;
  const authorizer = { authorize: () => ({ allowed: false, reason: '' }), rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }) };
  const parts = {
    objects,
    authorizer,
    versions: {} as never,
    kinds: () => [],
    clock: systemClock,
    dialer: { dial: () => Promise.resolve(undefined) },
    metrics: new AdmissionMetrics(systemClock),
  };
  const names = (enabled: readonly string[] = [], disabled: readonly string[] = []) =>
    createAdmission({ ...parts, enabled, disabled }).map(({ name }) => name);

  test('the default ones, in their order, but those that are disabled', () => {
    expect(names()).toEqual(DEFAULT_ON.filter((name) => names().includes(name)));
    expect(names()).toEqual(expect.arrayContaining(['LimitRanger', 'PodSecurity', 'ResourceQuota']));
    expect(names(['AlwaysDeny', 'NodeRestriction'])).toEqual([
      ...names().slice(0, 3),
      'NodeRestriction',
      ...names().slice(3),
      'AlwaysDeny',
    ]);
    expect(names([], ['PodSecurity'])).toEqual(names().filter((name) => name !== 'PodSecurity'));
  });

  test('a name that nobody knows is an error, and so is one that upstream alone knows', () => {
    expect(() => names(['Nonsense'])).toThrow(/^--enable-admission-plugins: admission plugin Nonsense is unknown; there are AlwaysAdmit, /);
    expect(() => names([], ['Nonsense'])).toThrow(/^--disable-admission-plugins: admission plugin Nonsense is unknown/);
    expect(() => names(['ClusterTrustBundleAttest'])).toThrow(
      /admission plugin ClusterTrustBundleAttest is Kubernetes' own, but there is none here yet/,
    );
    expect(() => names(['PodSecurity'], ['PodSecurity'])).toThrow('PodSecurity is in both');
    expect(names([], ['ImagePolicyWebhook'])).toEqual(names());
  });

  test('a configuration of a plugin that nobody knows is an error', () => {
    const configFile = written(`${HEAD}plugins: [{name: Nonsense, configuration: {}}]\n`);
    expect(() => createAdmission({ ...parts, configFile })).toThrow(
      /--admission-control-config-file: admission plugin Nonsense is unknown/,
    );
  });
});
