import { describe, expect, it } from 'vitest';
import { coreKinds, type Pod } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';

// What upstream's tables of pods (pkg/apis/core/validation/validation_test.go) ask, one rule a row.

const pods = new StrategyHarness(podStrategy, coreKinds.pods);

const C = { name: 'c', image: 'nginx:1.27' };
const c = (own: object) => ({ containers: [{ ...C, ...own }] });
const env = (own: object) => c({ env: [{ name: 'E', ...own }] });
const windows = (own: object) => ({ os: { name: 'windows' }, securityContext: { windowsOptions: own } });
const volume = (source: object) => ({ volumes: [{ name: 'v', ...source }] });
const mount = (own: object) => ({ ...volume({ emptyDir: {} }), ...c({ volumeMounts: [{ name: 'v', mountPath: '/m', ...own }] }) });
const CLAIM = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const nodeTerm = (term: object) => ({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [term] } } } });
const anti = (own: object) => ({ affinity: { podAntiAffinity: { [REQUIRED]: [{ topologyKey: 'zone', ...own }] } } });
const SPREAD = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} };
const spread = (...all: object[]) => ({ topologySpreadConstraints: all.map((own) => ({ ...SPREAD, ...own })) });

const create = (spec: object, annotations: object = {}) =>
  pods.create({ metadata: { name: 'p', namespace: 'ns', labels: { a: 'b' }, annotations }, spec: { ...c({}), ...spec } });

const RULES: readonly (readonly [spec: object, errors: readonly string[]])[] = [
  // Resources of the pod as a whole.
  [{ ...c({ resources: { requests: { cpu: '1', memory: '1Gi' } } }), resources: { requests: { cpu: '2' } } }, []],
  [
    { ...c({ resources: { requests: { cpu: '1' } } }), resources: { requests: { cpu: '500m', 'example.com/x': '1' } } },
    [
      'spec.resources.requests[example.com/x]: Unsupported value: "example.com/x": supported values: "cpu", "hugepages-", "memory"',
      'spec.resources.limits: Required value: Limit must be set for non overcommitable resources',
      'spec.resources.requests[cpu]: Invalid value: "500m": must be greater than or equal to aggregate container requests of 1',
    ],
  ],
  // Affinity and spreading.
  [
    nodeTerm({ matchFields: [{ key: 'spec.x', operator: 'In', values: ['a'] }] }),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "spec.x": not a valid field selector key',
    ],
  ],
  [
    anti({ labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['a', 'x'], mismatchLabelKeys: ['x'] }),
    [
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector',
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[1]: Invalid value: "x": exists in both matchLabelKeys and mismatchLabelKeys',
    ],
  ],
  [
    anti({ matchLabelKeys: ['a'] }),
    [
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
    ],
  ],
  [spread({}, {}), ['spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"']],
  [
    spread({ matchLabelKeys: ['a'], labelSelector: { matchLabels: { a: 'b' } } }),
    ['spec.topologySpreadConstraints[0][0]: Invalid value: "a": exists in both matchLabelKeys and labelSelector'],
  ],
  [
    spread({ whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2 }),
    [
      'spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
    ],
  ],
  [
    { tolerations: [{ operator: 'Equal', value: 'x' }] },
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  // Environment.
  [
    env({ valueFrom: {} }),
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    ],
  ],
  [
    env({ valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, secretKeyRef: { name: 's', key: 'k' } } }),
    ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time'],
  ],
  [
    env({ valueFrom: { fieldRef: { apiVersion: 'v2', fieldPath: 'metadata.name' } } }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
    ],
  ],
  [
    env({ valueFrom: { fieldRef: { fieldPath: "metadata.name['x']" } } }),
    [
      "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['x']\": error converting fieldPath: field label does not support subscript: metadata.name['x']",
    ],
  ],
  [
    env({ valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }),
    [
      'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource',
    ],
  ],
  [
    env({ valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1m' } } }),
    [
      'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "requests.memory": only divisor\'s values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource',
    ],
  ],
  [
    c({ envFrom: [{}, { configMapRef: { name: 'm' }, secretRef: { name: 's' } }] }),
    [
      'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
      'spec.containers[0].envFrom: Invalid value: "": may not have more than one field specified at a time',
    ],
  ],
  // Resources.
  [
    c({ resources: { requests: { 'example.com/gpu': '1' } } }),
    ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
  ],
  [
    c({ resources: { claims: [{ name: 'x' }] } }),
    ['spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty'],
  ],
  [
    { ...c({ resources: { claims: [{ name: 'x' }] } }), resourceClaims: [{ name: 'y', resourceClaimName: 'z' }] },
    ['spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims: y'],
  ],
  [
    { resources: { claims: [{ name: 'x' }], limits: { cpu: '1' } }, ...c({ resources: { limits: { cpu: '2' } } }) },
    [
      'spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level',
      'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      'spec.resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty',
      'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ],
  ],
  [{ resources: { claims: [] }, ...c({}) }, ['spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level']],
  [
    { resourceClaims: [{ name: 'x', resourceClaimName: 'a', resourceClaimTemplateName: 'b' }, { name: 'y' }] },
    [
      'spec.resourceClaims[0]: Invalid value: {"Name":"x","ResourceClaimName":"a","ResourceClaimTemplateName":"b"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
      'spec.resourceClaims[1]: Invalid value: {"Name":"y","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    ],
  ],
  // Probes.
  [
    c({ readinessProbe: { exec: { command: ['x'] }, terminationGracePeriodSeconds: 5 } }),
    ['spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes'],
  ],
  [
    c({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
    [
      'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
    ],
  ],
  // The pod.
  [{ dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
  [
    { dnsPolicy: 'None', dnsConfig: {} },
    ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
  ],
  [{ hostUsers: false, hostPID: true }, ['spec.HostPID: Forbidden: when `hostUsers` is false']],
  // Windows.
  [
    { os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'x' } } },
    ['spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod'],
  ],
  [
    {
      securityContext: { windowsOptions: { hostProcess: true } },
      hostNetwork: true,
      ...c({ securityContext: { windowsOptions: { hostProcess: false } } }),
    },
    [
      'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    ],
  ],
  [
    { securityContext: { windowsOptions: { hostProcess: true } } },
    ['spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers'],
  ],
  [
    { hostNetwork: true, containers: [C, { ...C, name: 'd', securityContext: { windowsOptions: { hostProcess: true } } }] },
    ['spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers'],
  ],
  [
    windows({ gmsaCredentialSpec: '' }),
    ['spec.securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string'],
  ],
  [
    windows({ runAsUserName: '' }),
    ['spec.securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string'],
  ],
  [
    windows({ runAsUserName: 'a\tb' }),
    ['spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\tb": runAsUserName cannot contain control characters'],
  ],
  [
    windows({ runAsUserName: 'a\\b\\c' }),
    [
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash',
    ],
  ],
  [
    windows({ runAsUserName: '.\\user' }),
    [
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: ".\\\\user": runAsUserName\'s Domain doesn\'t match the NetBios nor the DNS format',
    ],
  ],
  [
    windows({ runAsUserName: 'u'.repeat(105) }),
    [
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu": runAsUserName\'s User length must not be longer than 104 characters',
    ],
  ],
  [
    windows({ runAsUserName: 'a?b' }),
    [
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a?b": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
    ],
  ],
  // Security.
  [
    c({ securityContext: { procMount: 'Unmasked' } }),
    ['spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'],
  ],
  [
    { securityContext: { sysctls: [{ name: 'a..b', value: '1' }] } },
    [
      'spec.securityContext.sysctls[0].name: Invalid value: "a..b": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
    ],
  ],
  [
    c({ securityContext: { seccompProfile: {} } }),
    ['spec.containers[0].securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set'],
  ],
  [
    c({ securityContext: { appArmorProfile: {} } }),
    ['spec.containers[0].securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set'],
  ],
  [
    c({ securityContext: { appArmorProfile: { type: 'Localhost' } } }),
    ['spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost'],
  ],
  [
    c({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: ' x' } } }),
    ['spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace'],
  ],
  [
    c({ securityContext: { appArmorProfile: { type: 'RuntimeDefault', localhostProfile: 'x' } } }),
    [
      'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost',
    ],
  ],
  // Volumes.
  [
    volume({ secret: { secretName: 's', defaultMode: 512 } }),
    ['spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive'],
  ],
  [
    volume({
      downwardAPI: {
        items: [
          { path: 'a' },
          { path: 'b', fieldRef: { fieldPath: 'metadata.name' }, resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
        ],
      },
    }),
    [
      'spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
      'spec.volumes[0].downwardAPI: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
    ],
  ],
  [
    volume({
      projected: {
        sources: [
          { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
          { configMap: { name: 'm', items: [{ key: 'k', path: 'p' }] } },
        ],
      },
    }),
    ['spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths'],
  ],
  [volume({ flocker: {} }), ['spec.volumes[0].flocker: Required value: one of datasetName and datasetUUID is required']],
  [
    volume({ flocker: { datasetName: 'a', datasetUUID: 'b' } }),
    ['spec.volumes[0].flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously'],
  ],
  [
    volume({ quobyte: { registry: 'here', volume: 'v' } }),
    ['spec.volumes[0].quobyte.registry: Invalid value: "here": must be a host:port pair or multiple pairs separated by commas'],
  ],
  [
    volume({ quobyte: { registry: 'here:1', volume: 'v', tenant: 'x'.repeat(65) } }),
    ['spec.volumes[0].quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters'],
  ],
  [volume({ fc: {} }), ['spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
  [
    volume({ fc: { targetWWNs: ['a'], wwids: ['b'], lun: 0 } }),
    ['spec.volumes[0].fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously'],
  ],
  [volume({ fc: { targetWWNs: ['a'] } }), ['spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified']],
  [
    volume({ flexVolume: { driver: 'x', options: { 'kubernetes.io/a': 'b' } } }),
    [
      'spec.volumes[0].flexVolume.options[kubernetes.io/a]: Invalid value: "kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved',
    ],
  ],
  [
    volume({ emptyDir: { sizeLimit: '-1' } }),
    ['spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
  ],
  [
    {
      volumes: [
        { name: 'v', ephemeral: { volumeClaimTemplate: CLAIM } },
        { name: 'w', persistentVolumeClaim: { claimName: 'p-v' } },
      ],
    },
    [
      'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-v": must not reference a PVC that gets created for an ephemeral volume',
    ],
  ],
  [
    mount({ subPath: 'a', subPathExpr: 'b' }),
    ['spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive'],
  ],
  [
    mount({ mountPropagation: 'Bidirectional' }),
    [
      'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
    ],
  ],
  [
    mount({ recursiveReadOnly: 'Enabled' }),
    ['spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true'],
  ],
  [
    mount({ readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' }),
    ['spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified'],
  ],
  [
    { volumes: [{ name: 'v', emptyDir: {} }], ...c({ volumeDevices: [{ name: 'v', devicePath: '/d' }] }) },
    [
      'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
    ],
  ],
];

describe('a rule of pods refuses', () => {
  it.each(RULES.map(([spec, errors]) => ({ spec, errors, name: errors.join(', ') })))('$name', ({ spec, errors }) => {
    expect(create(spec).errors).toEqual(errors);
  });
});

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/c';
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/c';
const COST = 'controller.kubernetes.io/pod-deletion-cost';
const MIRROR = 'kubernetes.io/config.mirror';

describe('annotations of a pod', () => {
  it.each([
    [MIRROR, 'x', `metadata.annotations[${MIRROR}]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`],
    [COST, '4294967296', `metadata.annotations[${COST}]: Invalid value: "4294967296": must be a 32bit integer`],
    [COST, '+1', `metadata.annotations[${COST}]: Invalid value: "+1": must be a 32bit integer`],
    [SECCOMP, 'odd', `metadata.annotations.${SECCOMP}: Invalid value: "odd": must be a valid seccomp profile`],
    [`${APP_ARMOR}x`, 'unconfined', `metadata.annotations[${APP_ARMOR}x]: Invalid value: "cx": container not found`],
    [APP_ARMOR, 'odd', `metadata.annotations[${APP_ARMOR}]: Invalid value: "odd": invalid AppArmor profile name: "odd"`],
  ])('%s: %s is refused', (key, value, error) => {
    expect(create({}, { [key]: value }).errors).toEqual([error]);
  });

  it('say what the fields say', () => {
    const { errors } = create(c({ securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }), { [SECCOMP]: 'unconfined' });
    expect(errors).toEqual([
      'spec.containers[0].securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match',
    ]);
  });

  it('make of a pod the mirror of a static one, which has no resource claims', () => {
    const resourceClaims = [{ name: '' }, { name: 'b', resourceClaimName: 'A_' }];
    const said = '[]: Forbidden: static pods do not support resource claims';
    expect(create({ nodeName: 'n', resourceClaims }, { [MIRROR]: 'x' }).errors).toEqual([said, said]);
  });

  const ON = { nodeName: 'n' };
  it.each([
    [
      { [APP_ARMOR]: 'unconfined' },
      { [APP_ARMOR]: null },
      `metadata.annotations[${APP_ARMOR}]: Forbidden: may not remove or update AppArmor annotations`,
    ],
    [{}, { [APP_ARMOR]: 'unconfined' }, `metadata.annotations[${APP_ARMOR}]: Forbidden: may not add AppArmor annotations`],
    [{ [MIRROR]: 'x' }, { [MIRROR]: null }, `metadata.annotations[${MIRROR}]: Forbidden: may not remove or update mirror pod annotation`],
    [{}, { [MIRROR]: 'x' }, `metadata.annotations[${MIRROR}]: Forbidden: may not add mirror pod annotation`],
  ])('%j may not become %j', (before, annotations, error) => {
    expect(pods.patch(create(ON, before).object, { metadata: { annotations } }).errors).toEqual([error]);
  });
});

const amounts = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu, memory: '1Gi', ...more } } });
const init = (cpu: string, own: object = {}) => ({ initContainers: [{ ...C, name: 'i', ...amounts(cpu), ...own }] });
const SIDECAR = { restartPolicy: 'Always' };

describe('a change of a pod', () => {
  const running = (): Pod => {
    const pod = create({ nodeName: 'n', ...c(amounts('1')) }).object;
    const state = { running: { startedAt: '2024-01-01T00:00:00Z' } };
    pod.status.containerStatuses = [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state, lastState: {} }];
    return pod;
  };
  const mirror = () => create({ nodeName: 'n', ...c(amounts('1')) }, { [MIRROR]: 'x' }).object;
  const bigger = c(amounts('2'));
  const gated = (own: object) => create({ schedulingGates: [{ name: 'g' }], ...own }).object;
  const exists = (...keys: string[]) => keys.map((key) => ({ matchExpressions: [{ key, operator: 'Exists' }] }));
  const placed = (...keys: string[]) => ({ affinity: { nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: exists(...keys) } } } });
  const terms = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const shown = (key: string) => `{"MatchExpressions":[{"Key":"${key}","Operator":"Exists","Values":null}],"MatchFields":null}`;

  const cases: readonly (readonly [pod: Pod, spec: object, subresource: string, errors: readonly string[]])[] = [
    [
      mirror(),
      { ephemeralContainers: [{ ...C, name: 'e' }] },
      'ephemeralcontainers',
      ['[]: Forbidden: static pods do not support ephemeral containers'],
    ],
    [mirror(), bigger, 'resize', ['[]: Forbidden: static pods cannot be resized']],
    [create({ os: { name: 'windows' }, ...c(amounts('1')) }).object, bigger, 'resize', ['[]: Forbidden: windows pods cannot be resized']],
    [
      create({ ...amounts('4'), ...c(amounts('1')) }).object,
      bigger,
      'resize',
      ['[]: Forbidden: pods with pod-level resources cannot be resized'],
    ],
    [
      create(c(amounts('1'))).object,
      c({ resources: { requests: { memory: '1Gi' } } }),
      'resize',
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [running(), bigger, 'resize', ['spec: Forbidden: Pod running on node without support for resize']],
    [
      create(init('1', SIDECAR)).object,
      init('1', { ...SIDECAR, ...amounts('1', { 'ephemeral-storage': '1Gi' }) }),
      'resize',
      ['spec: Forbidden: only cpu and memory resources for sidecar containers are mutable'],
    ],
    [create(init('1')).object, init('2'), 'resize', ['spec: Forbidden: resources for non-sidecar init containers are immutable']],
    [
      gated(placed('a', 'b')),
      placed('a'),
      '',
      [`${terms}: Invalid value: [${shown('a')}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed`],
    ],
    [
      gated(placed('a')),
      placed('b'),
      '',
      [`${terms}[0]: Invalid value: ${shown('b')}: only additions are allowed (no mutations or deletions)`],
    ],
  ];
  it.each(cases.map(([pod, spec, subresource, errors]) => ({ pod, spec, subresource, errors, name: errors.join(', ') })))(
    '$name',
    ({ pod, spec, subresource, errors }) => {
      expect(pods.patch(pod, { spec }, subresource).errors).toEqual(errors);
    },
  );

  it.each([
    [
      { resourceClaimStatuses: [{ name: 'x', resourceClaimName: 'y' }] },
      'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in `spec.resourceClaims`',
    ],
    [{ hostIP: '1.2.3.4', hostIPs: [{ ip: '1.2.3.5' }] }, 'status.hostIPs[0].ip: Invalid value: "1.2.3.5": must be equal to `hostIP`'],
  ])('status %j is refused', (status, error) => {
    expect(pods.patch(create({}).object, { status }, 'status').errors).toEqual([error]);
  });
});
