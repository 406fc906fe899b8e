import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);

const C = { name: 'c', image: 'nginx:1.27' };
const create = (spec: object, metadata: object = {}) =>
  pods.create({ metadata: { name: 'p', namespace: 'ns', ...metadata }, spec: { containers: [C], ...spec } });

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
  "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('what is refused of a pod', () => {
  const mounted = { volumes: [{ name: 'v', emptyDir: {} }] };
  const cases: readonly (readonly [name: string, spec: object, errors: readonly string[]])[] = [
    ['no containers', { containers: [] }, ['spec.containers: Required value']],
    ['a missing list of containers', { containers: null }, ['spec.containers: Required value']],
    ['a name twice', { containers: [C, C] }, ['spec.containers[1].name: Duplicate value: "c"']],
    [
      'bad names',
      { containers: [{ ...C, name: 'C_1' }, { image: 'x' }] },
      [`spec.containers[0].name: Invalid value: "C_1": ${LABEL}`, 'spec.containers[1].name: Required value'],
    ],
    [
      'an unknown message policy',
      { containers: [{ ...C, terminationMessagePolicy: 'Odd' }] },
      ['spec.containers[0].terminationMessagePolicy: Unsupported value: "Odd": supported values: "File", "FallbackToLogsOnError"'],
    ],
    [
      'a padded image',
      { containers: [{ ...C, image: ' x' }] },
      ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace'],
    ],
    [
      'a mount that is a device too, however often',
      {
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
        containers: [
          {
            ...C,
            volumeDevices: [
              { name: 'v', devicePath: '/dev/a' },
              { name: 'v', devicePath: '/dev/b' },
            ],
            volumeMounts: [{ name: 'v', mountPath: '/dev/a' }],
          },
        ],
      },
      [
        'spec.containers[0].volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices',
        // Of a name that comes twice upstream knows the last path only, which is another one.
        'spec.containers[0].volumeDevices[0].name: Invalid value: "v": must not already exist in volumeMounts',
        'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/dev/a": must not already exist as a path in volumeMounts',
        'spec.containers[0].volumeDevices[1].name: Invalid value: "v": must be unique',
        'spec.containers[0].volumeDevices[1].name: Invalid value: "v": must not already exist in volumeMounts',
      ],
    ],
    ['a volume twice', { volumes: [{ name: 'v' }, { name: 'v' }] }, ['spec.volumes[1].name: Duplicate value: "v"']],
    [
      'two sources',
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'volumes without what they need',
      {
        volumes: [
          { name: 'a', hostPath: {} },
          { name: 'b', persistentVolumeClaim: {} },
          { name: 'c', secret: {} },
          { name: 'd', configMap: {} },
          { name: 'f', nfs: {} },
        ],
      },
      [
        'spec.volumes[0].hostPath.path: Required value',
        'spec.volumes[1].persistentVolumeClaim.claimName: Required value',
        'spec.volumes[2].secret.secretName: Required value',
        'spec.volumes[3].configMap.name: Required value',
        'spec.volumes[4].nfs.server: Required value',
        'spec.volumes[4].nfs.path: Required value',
        'spec.volumes[4].nfs.path: Invalid value: "": must be an absolute path',
      ],
    ],
    [
      'mounts of nothing',
      {
        containers: [
          {
            ...C,
            volumeMounts: [
              { name: 'no', mountPath: '/x' },
              { name: '', mountPath: '/y' },
            ],
          },
        ],
      },
      [
        'spec.containers[0].volumeMounts[0].name: Not found: "no"',
        'spec.containers[0].volumeMounts[1].name: Required value',
        'spec.containers[0].volumeMounts[1].name: Not found: ""',
      ],
    ],
    [
      'two mounts at one path',
      {
        ...mounted,
        containers: [
          {
            ...C,
            volumeMounts: [
              { name: 'v', mountPath: '/x' },
              { name: 'v', mountPath: '/x' },
            ],
          },
        ],
      },
      ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique'],
    ],
    [
      'a sub path that leaves its volume',
      { ...mounted, containers: [{ ...C, volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }] },
      [`spec.containers[0].volumeMounts.subPath: Invalid value: "../y": must not contain '..'`],
    ],
    [
      'a value with a source',
      { containers: [{ ...C, env: [{ name: 'A', value: '1', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }] },
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      'a field that pods do not have',
      { containers: [{ ...C, env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } }] }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: ' +
          'field label not supported: spec.nope',
      ],
    ],
    [
      'a field that variables cannot have',
      { containers: [{ ...C, env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: ' +
          '"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", ' +
          '"status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      'probes with two handlers, none, or too many successes',
      {
        containers: [
          {
            ...C,
            livenessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 }, successThreshold: 2 },
            readinessProbe: { periodSeconds: -1 },
          },
        ],
      },
      [
        'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
        'spec.containers[0].readinessProbe: Required value: must specify a handler type',
        'spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      'hooks of plain init containers',
      { initContainers: [{ name: 'i', image: 'x', startupProbe: { exec: { command: ['x'] } } }] },
      ['spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always'],
    ],
    ['an init container named as another', { initContainers: [C] }, ['spec.initContainers[0].name: Duplicate value: "c"']],
    [
      'host ports twice, and off by one on the host network',
      { hostNetwork: true, containers: [{ ...C, ports: [{ containerPort: 80, hostPort: 81 }, { containerPort: 81 }] }] },
      [
        'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//81"',
        'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
      ],
    ],
    [
      'huge pages in parts, of no size, and alone',
      {
        containers: [
          { ...C, resources: { limits: { cpu: '1', 'hugepages-2Mi': '5Mi', 'hugepages-bad': '1' } } },
          { ...C, name: 'd', resources: { limits: { 'hugepages-2Mi': '4Mi' }, requests: { 'hugepages-2Mi': '2Mi' } } },
        ],
      },
      [
        'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "5Mi": 5Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.limits[hugepages-bad]: Invalid value: "1": 1 is not positive integer multiple of hugepages-bad',
        'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "5Mi": 5Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.requests[hugepages-bad]: Invalid value: "1": 1 is not positive integer multiple of hugepages-bad',
        'spec.containers[1].resources.requests: Invalid value: "2Mi": must be equal to hugepages-2Mi limit of 4Mi',
        'spec.containers[1].resources: Forbidden: HugePages require cpu or memory',
      ],
    ],
    [
      'requests above limits, and resources that are none',
      {
        containers: [
          {
            ...C,
            resources: {
              limits: { cpu: '100m', nope: '1', 'example.com/gpu': '1500m' },
              requests: { cpu: '1', 'example.com/gpu': '1500m' },
            },
          },
        ],
      },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "1500m": must be an integer',
        'spec.containers[0].resources.limits[nope]: Invalid value: "nope": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[nope]: Invalid value: "nope": must be a standard resource for containers',
        'spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 100m',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be an integer',
        'spec.containers[0].resources.requests[nope]: Invalid value: "nope": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[nope]: Invalid value: "nope": must be a standard resource for containers',
      ],
    ],
    [
      'containers that need more than the pod has',
      {
        containers: [{ ...C, resources: { requests: { cpu: '300m' } } }],
        resources: { requests: { cpu: '100m' }, limits: { cpu: '200m' } },
      },
      ['spec.resources.requests[cpu]: Invalid value: "100m": must be greater than or equal to aggregate container requests of 300m'],
    ],
    [
      'two process namespaces',
      { shareProcessNamespace: true, hostPID: true },
      ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
    ],
    [
      'privileges that contradict each other',
      { containers: [{ ...C, securityContext: { privileged: true, allowPrivilegeEscalation: false } }] },
      [
        'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,' +
          '"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,' +
          '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: ' +
          'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      'seccomp profiles',
      {
        containers: [{ ...C, securityContext: { seccompProfile: { type: 'Odd', localhostProfile: 'x' } } }],
        securityContext: { seccompProfile: { type: 'Localhost' } },
      },
      [
        'spec.containers[0].securityContext.seccompProfile.type: Unsupported value: "Odd": supported values: "Localhost", ' +
          '"RuntimeDefault", "Unconfined"',
        'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {"Type":"Odd","LocalhostProfile":"x"}: ' +
          'can only be set when seccomp type is Localhost',
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      ],
    ],
    [
      'tolerations',
      {
        tolerations: [
          { key: 'k', operator: 'Exists', value: 'v' },
          { operator: 'Equal', value: 'v' },
          { key: 'x', operator: 'Lt' },
          { key: 'y', effect: 'Nope' },
          { key: 'z', effect: 'NoSchedule', tolerationSeconds: 5 },
        ],
      },
      [
        `spec.tolerations[0].operator: Invalid value: "v": value must be empty when \`operator\` is 'Exists'`,
        'spec.tolerations[1].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means ' +
          '"match all values and all keys"',
        'spec.tolerations[2].operator: Unsupported value: "Lt": supported values: "Equal", "Exists"',
        'spec.tolerations[3].effect: Unsupported value: "Nope": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        `spec.tolerations[4].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
      ],
    ],
    ['no name servers', { dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
    [
      'host aliases',
      { hostname: 'a.b', hostAliases: [{ ip: 'x', hostnames: ['a'] }] },
      [
        'spec.hostname: Invalid value: "a.b": must not contain dots',
        'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'affinity and spreading',
      {
        affinity: {
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, podAffinityTerm: { topologyKey: 'z', labelSelector: {} } }],
          },
        },
        topologySpreadConstraints: [
          { maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2, labelSelector: {} },
        ],
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: ' +
          'must have at least one node selector term',
        'spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if ' +
          'whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
      ],
    ],
    [
      'a deadline of nothing',
      { activeDeadlineSeconds: 0 },
      ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive'],
    ],
    [
      'ephemeral containers, and a node while gated',
      { ephemeralContainers: [{ name: 'e', image: 'x' }], nodeName: 'n', schedulingGates: [{ name: 'g' }] },
      [
        'spec.ephemeralContainers: Forbidden: cannot be set on create',
        'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
      ],
    ],
    [
      'what Windows does not have',
      { os: { name: 'windows' }, hostPID: true, containers: [{ ...C, securityContext: { privileged: false } }] },
      [
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod',
      ],
    ],
    [
      'an iSCSI name that is none',
      { volumes: [{ name: 'v', iscsi: { targetPortal: 'p', iqn: 'x', lun: 256 } }] },
      [
        'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
        'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      ],
    ],
    [
      'files of a volume',
      {
        volumes: [
          { name: 'v', projected: { sources: [{ configMap: { name: 'a', items: [{ key: 'k', path: '../x' }] }, secret: { name: 'b' } }] } },
        ],
      },
      [
        `spec.volumes[0].projected.sources[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'`,
        'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
      ],
    ],
    [
      'a claim template that is none',
      { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: {} } } }] },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
      ],
    ],
  ];

  it.each(cases)('%s', (_name, spec, errors) => {
    expect(create(spec).errors).toEqual(errors);
  });

  it('profiles by annotation that contradict the fields', () => {
    const { errors } = create(
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
    );
    expect(errors).toEqual([]);
    const field = { ...C, securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } };
    expect(
      create({ containers: [field] }, { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } }).errors,
    ).toEqual(['spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match']);
  });
});
