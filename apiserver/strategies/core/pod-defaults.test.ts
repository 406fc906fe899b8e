import { describe, expect, it } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);

const C = { name: 'c', image: 'nginx:1.27' };
const create = (spec: object, metadata: object = {}) =>
  pods.create({ metadata: { name: 'p', namespace: 'ns', ...metadata }, spec: { containers: [C], ...spec } });

const DEFAULTED = {
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

describe('defaults of a pod', () => {
  it('fills in the smallest one, and starts it pending in generation 1', () => {
    const { object, errors, warnings } = create({});
    expect(errors).toEqual([]);
    expect(warnings).toEqual([]);
    expect(object.metadata.generation).toBe(1);
    expect(object.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(object.spec).toEqual({
      containers: [{ ...C, ...DEFAULTED }],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
  });

  it('fills in probes, ports and environment', () => {
    const { object } = create({
      containers: [
        {
          ...C,
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          livenessProbe: { httpGet: { port: 8080 } },
          readinessProbe: { grpc: { port: 9 }, periodSeconds: 3 },
        },
      ],
    });
    const [container] = object.spec.containers;
    expect(container?.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
    expect(container?.env?.[0]?.valueFrom?.fieldRef).toEqual({ apiVersion: 'v1', fieldPath: 'metadata.name' });
    expect(container?.livenessProbe).toEqual({
      httpGet: { path: '/', port: 8080, scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(container?.readinessProbe).toMatchObject({ grpc: { port: 9, service: '' }, periodSeconds: 3 });
  });

  it('fills in volumes', () => {
    const { object } = create({
      volumes: [
        { name: 'none' },
        { name: 'cm', configMap: { name: 'x' } },
        { name: 'se', secret: { secretName: 's', defaultMode: 256 } },
        { name: 'hp', hostPath: { path: '/var' } },
        { name: 'da', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        { name: 'pr', projected: { sources: [{ configMap: { name: 'x' } }] } },
      ],
    });
    expect(object.spec.volumes).toEqual([
      { name: 'none', emptyDir: {} },
      { name: 'cm', configMap: { name: 'x', defaultMode: 420 } },
      { name: 'se', secret: { secretName: 's', defaultMode: 256 } },
      { name: 'hp', hostPath: { path: '/var', type: '' } },
      {
        name: 'da',
        downwardAPI: { defaultMode: 420, items: [{ path: 'l', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } }] },
      },
      { name: 'pr', projected: { defaultMode: 420, sources: [{ configMap: { name: 'x' } }] } },
    ]);
  });

  it('requests up to the limit, and rounds amounts up to thousandths', () => {
    const { object } = create({
      containers: [{ ...C, resources: { limits: { cpu: '0.0015', memory: '1Gi' }, requests: { memory: '512Mi' } } }],
    });
    expect(object.spec.containers[0]?.resources).toEqual({
      limits: { cpu: '2m', memory: '1Gi' },
      requests: { cpu: '2m', memory: '512Mi' },
    });
    expect(object.status.qosClass).toBe('Burstable');
  });

  it('leaves pod-level requests alone that say nothing, and counts what plugins gave the containers', () => {
    const empty = create({ containers: [{ ...C, resources: { requests: { cpu: '1' } } }], resources: {} });
    expect([empty.errors, empty.object.spec.resources]).toEqual([[], {}]);
    const { object } = create({ resources: { limits: { cpu: '2' } } });
    object.spec.containers[0] = { ...C, resources: { requests: { memory: '1Gi' } } };
    podStrategy.setStoredDefaults?.(object);
    expect(object.spec.resources?.requests).toEqual({ cpu: '2', memory: '1Gi' });
  });

  it('fills pod-level requests with those of the containers, else with the limits', () => {
    const { object } = create({
      containers: [{ ...C, resources: { requests: { memory: '64Mi' } } }],
      resources: { limits: { cpu: '1', memory: '1Gi' } },
    });
    expect(object.spec.resources).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '64Mi' } });
  });

  it('copies ports to the host on its network', () => {
    const { object } = create({ hostNetwork: true, containers: [{ ...C, ports: [{ containerPort: 80 }] }] });
    expect(object.spec.containers[0]?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: 'TCP' }]);
  });

  it('reads a negative grace as 1, and the old name of the service account', () => {
    const { object } = create({ terminationGracePeriodSeconds: -3, serviceAccount: 'a' });
    expect(object.spec).toMatchObject({ terminationGracePeriodSeconds: 1, serviceAccount: 'a', serviceAccountName: 'a' });
  });

  it('merges label keys into selectors and drops what is behind closed gates', () => {
    const { object } = create(
      {
        hostnameOverride: 'h',
        containers: [{ ...C, restartPolicy: 'Never', lifecycle: { stopSignal: 'SIGTERM' } }],
        initContainers: [
          { name: 'i', image: 'a:1', restartPolicy: 'OnFailure' },
          { name: 's', image: 'a:1', restartPolicy: 'Always' },
        ],
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, matchLabelKeys: ['v'] },
        ],
      },
      { labels: { v: '7' } },
    );
    expect(object.spec.hostnameOverride).toBeUndefined();
    expect(object.spec.containers).toEqual([{ ...C, ...DEFAULTED }]);
    expect(object.spec.initContainers?.map(({ restartPolicy }) => restartPolicy)).toEqual([undefined, 'Always']);
    expect(object.spec.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
      matchExpressions: [{ key: 'v', operator: 'In', values: ['7'] }],
    });
  });

  it('drops volumes of images, and their mounts with them', () => {
    const image = { name: 'v', image: { reference: 'a:1' } };
    const mounted = { ...C, volumeMounts: [{ name: 'v', mountPath: '/v' }] };
    const { object, errors } = create({ volumes: [image], containers: [mounted] });
    expect(errors).toEqual([]);
    expect(object.spec.volumes).toBeUndefined();
    expect(object.spec.containers).toEqual([{ ...C, ...DEFAULTED }]);
    const both = create({
      volumes: [image, { name: 'w', emptyDir: {} }],
      containers: [{ ...mounted, volumeMounts: [...mounted.volumeMounts, { name: 'w', mountPath: '/w' }] }],
    });
    expect(both.object.spec.volumes?.map(({ name }) => name)).toEqual(['w']);
    expect(both.object.spec.containers[0]?.volumeMounts).toEqual([{ name: 'w', mountPath: '/w' }]);
  });

  it('says why a gated pod is not scheduled', () => {
    const { object } = create({ schedulingGates: [{ name: 'a.example.com/x' }] });
    expect(object.status.conditions).toEqual([
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: '2024-01-01T00:00:00Z',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ]);
  });
});
