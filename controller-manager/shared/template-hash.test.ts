import { describe, expect, it } from 'vitest';
import type { PodTemplateSpec } from '../../api/index.ts';
import { templateHash } from './hash.ts';

/** What upstream's ComputeHash (1.34.9) made of these templates, after a way through protobuf: without a count of collisions, and with 3. */
const HASHES: readonly (readonly [what: string, template: PodTemplateSpec, hash: string, afterCollisions: string])[] = [
  [
    'the Deployment of the documentation',
    {
      metadata: { labels: { app: 'nginx' } },
      spec: {
        containers: [
          {
            name: 'nginx',
            image: 'nginx:1.14.2',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      },
    },
    'bf744486c',
    '59cc46f4fb',
  ],
  ['no labels, no defaults', { spec: { containers: [{ name: 'c' }] } }, '76f99c44d7', '6b755cfd8'],
  [
    'labels in another order, beyond ASCII',
    {
      metadata: { labels: { b: '2', a: '1', A: '0' }, annotations: { 'example.com/ö': '😀', '￿': 'x', '😀': 'y' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    },
    '7f4b64f6cd',
    '7c8d74f58f',
  ],
  [
    'amounts of all forms',
    {
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            resources: {
              limits: { cpu: '1500m', memory: '64Mi', 'example.com/a': '0', 'example.com/b': '1e3', 'example.com/c': '1Pi' },
              requests: { cpu: '1', memory: '100Mi', 'example.com/d': '123456789012345678901', 'example.com/e': '1k' },
            },
          },
        ],
      },
    },
    '5bb7595db4',
    '574b6cc9f5',
  ],
  [
    'probes, hooks and ports by name',
    {
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            livenessProbe: {
              httpGet: { path: '/', port: 'http', scheme: 'HTTP', httpHeaders: [{ name: 'a', value: 'b' }] },
              timeoutSeconds: 1,
            },
            readinessProbe: { exec: { command: ['true'] }, terminationGracePeriodSeconds: 0 },
            startupProbe: { grpc: { port: 1, service: '' } },
            lifecycle: { preStop: { sleep: { seconds: 5 } }, postStart: { tcpSocket: { port: 80 } }, stopSignal: 'SIGUSR1' },
          },
        ],
      },
    },
    '6d67595c57',
    '548c466686',
  ],
  [
    'volumes',
    {
      spec: {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', configMap: { name: 'm', defaultMode: 420, optional: false } },
          {
            name: 'c',
            projected: {
              sources: [
                { serviceAccountToken: { path: 't', expirationSeconds: 3600 } },
                {
                  downwardAPI: {
                    items: [
                      { path: 'l', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } },
                      { path: 'c', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu', divisor: '0' } },
                    ],
                  },
                },
                { secret: { name: 's' } },
              ],
              defaultMode: 420,
            },
          },
          {
            name: 'd',
            ephemeral: {
              volumeClaimTemplate: {
                metadata: { labels: { x: 'y' } },
                spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' },
              },
            },
          },
          { name: 'e', iscsi: { targetPortal: 'p', iqn: 'q', lun: 0, iscsiInterface: 'default' } },
          { name: 'f', rbd: { monitors: ['m'], image: 'i', pool: 'rbd', user: 'admin', keyring: 'k' } },
          { name: 'g', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
        ],
        containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'a', mountPath: '/a', recursiveReadOnly: 'Disabled' }] }],
      },
    },
    '7796c98f7b',
    '79668b5975',
  ],
  [
    'variables',
    {
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            env: [
              { name: 'A' },
              { name: 'B', value: 'x y' },
              { name: 'C', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
              { name: 'D', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
              { name: 'E', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
            ],
            envFrom: [{ configMapRef: { name: 'm' }, prefix: 'P_' }, { secretRef: { name: 's' } }],
          },
        ],
      },
    },
    'dc9459847',
    '54876f6b8d',
  ],
  [
    'where it may run, and as whom',
    {
      spec: {
        nodeSelector: { a: 'b' },
        serviceAccountName: 'sa',
        serviceAccount: 'sa',
        hostNetwork: true,
        hostUsers: false,
        os: { name: 'linux' },
        priority: 0,
        enableServiceLinks: true,
        hostAliases: [{ ip: '1.2.3.4', hostnames: ['x'] }],
        dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '1' }] },
        tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }],
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
            },
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: { labelSelector: { matchLabels: { a: 'b' } }, topologyKey: 'z', namespaceSelector: {} } },
            ],
          },
        },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', minDomains: 2 }],
        securityContext: {
          runAsUser: 1000,
          fsGroup: 0,
          fsGroupChangePolicy: 'Always',
          seLinuxOptions: { level: 'l' },
          seccompProfile: { type: 'RuntimeDefault' },
          sysctls: [{ name: 'a', value: 'b' }],
          supplementalGroups: [1, 2],
          windowsOptions: { gmsaCredentialSpec: 'x' },
        },
        containers: [{ name: 'c', image: 'i', tty: true, securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true } }],
        initContainers: [{ name: 's', image: 'i', restartPolicy: 'Always' }],
        resourceClaims: [{ name: 'r', resourceClaimTemplateName: 't' }],
        overhead: { cpu: '250m' },
        resources: { limits: { cpu: '2' } },
      },
    },
    'bdfb6c5c5',
    '795f64677b',
  ],
];

describe("the hash of a template is upstream's", () => {
  it.each(HASHES)('%s', (_, template, hash, afterCollisions) => {
    expect(templateHash(template, undefined)).toBe(hash);
    expect(templateHash(template, 3)).toBe(afterCollisions);
  });

  it('whatever the order of keys, and with lists and maps that are empty', () => {
    const [, template, hash] = HASHES[0] ?? [];
    const shuffled = { spec: { initContainers: [], nodeSelector: {}, ...template?.spec }, metadata: template?.metadata };
    expect(templateHash(shuffled as PodTemplateSpec, undefined)).toBe(hash);
  });

  it('and another one for no collisions than for no count of them', () => {
    const template = { spec: { containers: [{ name: 'c' }] } };
    expect(templateHash(template, 0)).not.toBe(templateHash(template, undefined));
  });
});
