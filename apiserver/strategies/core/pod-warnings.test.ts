import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';
import { podTemplateStrategy } from './pod-template.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);
const templates = new StrategyHarness(podTemplateStrategy, coreKinds.podtemplates);

const C = { name: 'c', image: 'nginx:1.27' };
const create = (spec: object, metadata: object = {}) =>
  pods.create({ metadata: { name: 'p', namespace: 'ns', ...metadata }, spec: { containers: [C], ...spec } });

const file = (path: string) => ({ key: 'k', path });
const downward = (path: string) => ({ path, fieldRef: { fieldPath: 'metadata.name' } });

describe('what is warned of in a pod', () => {
  const cases: readonly (readonly [name: string, spec: object, warnings: readonly string[]])[] = [
    [
      'old node labels',
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      'older node labels',
      {
        nodeSelector: {
          'beta.kubernetes.io/arch': 'a',
          'beta.kubernetes.io/instance-type': 'i',
          'failure-domain.beta.kubernetes.io/region': 'r',
          'failure-domain.beta.kubernetes.io/zone': 'z',
          'node-role.kubernetes.io/master': '',
        },
      },
      [
        'spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead',
        'spec.nodeSelector[beta.kubernetes.io/instance-type]: deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
        'spec.nodeSelector[failure-domain.beta.kubernetes.io/region]: deprecated since v1.17; use "topology.kubernetes.io/region" instead',
        'spec.nodeSelector[failure-domain.beta.kubernetes.io/zone]: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
        'spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead',
      ],
    ],
    [
      'volumes of old',
      {
        volumes: [
          { name: 'a', photonPersistentDisk: { pdID: 'x' } },
          { name: 'b', gitRepo: { repository: 'x' } },
          { name: 'c', scaleIO: { gateway: 'g', system: 's', secretRef: { name: 's' }, volumeName: 'v' } },
          { name: 'd', flocker: { datasetName: 'x' } },
          { name: 'e', storageos: { volumeName: 'v' } },
          { name: 'f', quobyte: { registry: 'a:1', volume: 'v' } },
          { name: 'g', glusterfs: { endpoints: 'e', path: 'p' } },
          { name: 'h', cephfs: { monitors: ['m'] } },
          { name: 'i', rbd: { monitors: ['m'], image: 'i' } },
        ],
      },
      [
        'spec.volumes[0].photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+',
        'spec.volumes[1].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
        'spec.volumes[2].scaleIO: deprecated in v1.16, non-functional in v1.22+',
        'spec.volumes[3].flocker: deprecated in v1.22, non-functional in v1.25+',
        'spec.volumes[4].storageOS: deprecated in v1.22, non-functional in v1.25+',
        'spec.volumes[5].quobyte: deprecated in v1.22, non-functional in v1.25+',
        'spec.volumes[6].glusterfs: deprecated in v1.25, non-functional in v1.26+',
        'spec.volumes[7].cephfs: deprecated in v1.28, non-functional in v1.31+',
        'spec.volumes[8].rbd: deprecated in v1.28, non-functional in v1.31+',
      ],
    ],
    [
      'a secret twice, and ports that mean two things',
      {
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }],
        containers: [
          {
            ...C,
            ports: [
              { containerPort: 80, hostIP: '1.2.3.4' },
              { containerPort: 81, hostPort: 81 },
              { containerPort: 81, hostPort: 81, hostIP: '1.2.3.4' },
            ],
          },
        ],
      },
      [
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.2.3.4}',
        'spec.containers[0].ports[2]: dangerously ambiguous port definition with spec.containers[0].ports[1]',
      ],
    ],
    [
      'hosts and secrets',
      { imagePullSecrets: [{ name: '' }], hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }, { ip: '01.1.1.1' }] },
      [
        'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
        'spec.imagePullSecrets[0].name: invalid empty name ""',
        'spec.hostAliases[2].ip: non-standard IP address "01.1.1.1" will be considered invalid in a future Kubernetes release: use "1.1.1.1"',
      ],
    ],
    [
      'a variable twice, but not where the second builds on the first',
      {
        containers: [
          {
            ...C,
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
              { name: 'A', value: '$(A)3' },
            ],
          },
        ],
      },
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'ports that overlap',
      {
        containers: [{ ...C, ports: [{ containerPort: 80 }, { containerPort: 80, name: 'again' }, { containerPort: 80, hostPort: 8080 }] }],
      },
      [
        'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
      ],
    ],
    [
      'a port name that two containers have',
      {
        initContainers: [{ name: 'i', image: 'a:1', restartPolicy: 'Always', ports: [{ containerPort: 80, name: 'web' }] }],
        containers: [{ ...C, ports: [{ containerPort: 81, name: 'web' }] }],
      },
      [
        'spec.containers[0].ports[0]: duplicate port name "web" with spec.initContainers[0].ports[0], ' +
          'services and probes that select ports by name will use spec.initContainers[0].ports[0]',
      ],
    ],
    [
      'files of a volume that hide each other',
      {
        volumes: [
          { name: 'a', configMap: { name: 'm', items: [file('d/f'), file('d/'), file('d2')] } },
          { name: 'b', secret: { secretName: 's', items: [file('f'), file('f')] } },
          { name: 'c', downwardAPI: { items: [downward('f'), downward('f/g')] } },
        ],
      },
      [
        'volume "a" (ConfigMap "m"): overlapping paths: "d" with "d/f"',
        'volume "b" (Secret "s"): overlapping paths: "f" with "f"',
        'volume "c" (DownwardAPI): overlapping paths: "f/g" with "f"',
      ],
    ],
    [
      'files of several sources that hide each other, and a source of none',
      {
        serviceAccountName: 'a',
        volumes: [
          {
            name: 'p',
            projected: {
              sources: [
                { configMap: { name: 'm', items: [file('t/u')] } },
                { secret: { name: 's', items: [file('t')] } },
                { downwardAPI: { items: [downward('v')] } },
                { serviceAccountToken: { path: 't' } },
                {},
              ],
            },
          },
        ],
      },
      [
        'volume "p" (Projected): overlapping paths: "t" (Secret "s") with "t/u" (ConfigMap "m")',
        'volume "p" (Projected): overlapping paths: "t" (ServiceAccountToken) with "t/u" (ConfigMap "m")',
        'volume "p" (Projected): overlapping paths: "t" (ServiceAccountToken) with "t" (Secret "s")',
        'volume "p" (Projected) has no sources provided',
      ],
    ],
    [
      'fractions of bytes',
      { containers: [{ ...C, resources: { requests: { memory: '100m' } } }] },
      ['spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'],
    ],
    [
      'claims of parts of bytes',
      {
        volumes: [
          {
            name: 'v',
            ephemeral: {
              volumeClaimTemplate: {
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100m' }, limits: { storage: '1' } } },
              },
            },
          },
        ],
      },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
      ],
    ],
    [
      'selectors that select nothing',
      { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }] },
      ['spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod'],
    ],
  ];

  it.each(cases)('%s', (_name, spec, warnings) => {
    expect(create(spec)).toMatchObject({ errors: [], warnings });
  });

  it('names that are no host names, and annotations that became fields', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/p' };
    const { object, warnings } = create({}, { name: 'has.dots', annotations });
    expect(object.spec.containers[0]?.securityContext).toEqual({ appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } });
    expect(warnings).toEqual([
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ]);
  });

  it('annotations that do nothing any more', () => {
    const texts = {
      'scheduler.alpha.kubernetes.io/critical-pod': 'v1.16+; use the "priorityClassName" field instead',
      'security.alpha.kubernetes.io/sysctls': 'v1.11+; use the "sysctls" field instead',
      'security.alpha.kubernetes.io/unsafe-sysctls': 'v1.11+; use the "sysctls" field instead',
      'seccomp.security.alpha.kubernetes.io/pod': 'v1.27+; use the "seccompProfile" field instead',
      'container.seccomp.security.alpha.kubernetes.io/c': 'v1.27+; use the "seccompProfile" field instead',
    };
    const annotations = Object.fromEntries(Object.keys(texts).map((key) => [key, 'unconfined']));
    const { warnings } = create({}, { annotations });
    expect(warnings).toEqual(Object.entries(texts).map(([key, text]) => `metadata.annotations[${key}]: non-functional in ${text}`));
  });

  it('what a template has', () => {
    const appArmor = 'container.apparmor.security.beta.kubernetes.io/c';
    const spec = { containers: [C], terminationGracePeriodSeconds: -1 };
    expect(templates.create({ template: { metadata: { annotations: { [appArmor]: 'unconfined' } }, spec } }).warnings).toEqual([
      `template.metadata.annotations[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
      'template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]);
  });

  it('says nothing of what is refused', () => {
    expect(create({ containers: [], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }).warnings).toEqual([]);
    expect(create({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, { name: 'Bad_Name' }).warnings).toEqual([]);
  });
});
