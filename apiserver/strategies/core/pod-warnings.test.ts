import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);

const C = { name: 'c', image: 'nginx:1.27' };
const create = (spec: object, metadata: object = {}) =>
  pods.create({ metadata: { name: 'p', namespace: 'ns', ...metadata }, spec: { containers: [C], ...spec } });

describe('what is warned of in a pod', () => {
  const cases: readonly (readonly [name: string, spec: object, warnings: readonly string[]])[] = [
    [
      'old node labels',
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      'hosts and secrets',
      { imagePullSecrets: [{ name: '' }], hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }, { ip: '01.1.1.1' }] },
      [
        'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
        'spec.hostAliases[2].ip: non-standard IP address "01.1.1.1" will be considered invalid in a future Kubernetes release: use "1.1.1.1"',
        'spec.imagePullSecrets[0].name: invalid empty name ""',
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

  it('says nothing of what is refused', () => {
    expect(create({ containers: [], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }).warnings).toEqual([]);
    expect(create({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, { name: 'Bad_Name' }).warnings).toEqual([]);
  });
});
