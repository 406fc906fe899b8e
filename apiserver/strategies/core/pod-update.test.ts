import { describe, expect, it } from 'vitest';
import { coreKinds, type Pod } from '../../../api/index.ts';
import { contextOf, StrategyHarness } from '../testing/harness.ts';
import { podStrategy } from './pod.ts';
import { bindPod } from './pod-binding.ts';

const pods = new StrategyHarness(podStrategy, coreKinds.pods);

const stored = (spec: object = {}, status: object = {}): Pod => {
  const pod = pods.stored({
    metadata: { name: 'p', namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'nginx:1.27' }], ...spec },
  });
  return { ...pod, status: { ...pod.status, ...status } };
};

const UPDATABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

describe('updates of a pod', () => {
  it('allows images, deadlines and tolerations, and counts generations', () => {
    const old = stored({ tolerations: [{ key: 'a', operator: 'Exists' }] });
    const { object, errors } = pods.patch(old, {
      spec: {
        containers: [{ name: 'c', image: 'nginx:1.28' }],
        activeDeadlineSeconds: 100,
        tolerations: [
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'Exists' },
        ],
      },
      status: { phase: 'Failed' },
    });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(object.status.phase).toBe('Pending');
  });

  it('shows lists and maps that are given as empty beside what changed, but for those that upstream makes anew', () => {
    const containers = [{ name: 'c', image: 'nginx:1.27', env: [], volumeMounts: [], restartPolicyRules: [] }];
    const change = { dnsPolicy: 'Default', nodeSelector: {}, hostAliases: [], volumes: [], tolerations: [], containers };
    const [error = ''] = pods.patch(stored(), { spec: change }).errors;
    const changes = error.split('\n').filter((line) => line.startsWith('+'));
    expect(changes).toEqual(['+   "Env": [],', '+ "DNSPolicy": "Default",', '+ "NodeSelector": {},', '+ "HostAliases": [],']);
    expect(pods.patch(stored(), { spec: { nodeSelector: {}, containers } }).errors).toEqual([]);
  });

  it('does not count labels', () => {
    expect(pods.patch(stored(), { metadata: { labels: { a: 'b' } } }).object.metadata.generation).toBe(1);
  });

  it.each([
    [{ activeDeadlineSeconds: 70 }, ['spec.activeDeadlineSeconds: Invalid value: 70: must be less than or equal to previous value']],
    [
      { activeDeadlineSeconds: null },
      ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
    ],
    [{ tolerations: null }, ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds']],
    [
      {
        containers: [
          { name: 'c', image: 'a' },
          { name: 'd', image: 'a' },
        ],
      },
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
  ])('refuses %j', (spec, errors) => {
    const old = stored({ activeDeadlineSeconds: 50, tolerations: [{ key: 'a', operator: 'Exists' }] });
    expect(pods.patch(old, { spec }).errors).toEqual(errors);
  });

  it('shows what else was changed as a diff of the internal struct', () => {
    const resources = { requests: { cpu: '160m', memory: '96Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
    const old = stored({ containers: [{ name: 'c', image: 'nginx:1.27', resources }] });
    const container = { name: 'c', image: 'nginx:1.27', resources: { ...resources, requests: { cpu: '100m', memory: '96Mi' } } };
    expect(pods.patch(old, { spec: { containers: [container] } }).errors).toEqual([
      `spec: Forbidden: ${UPDATABLE}
@@ -17,7 +17,7 @@
      "memory": "256Mi"
     },
     "Requests": {
-     "cpu": "160m",
+     "cpu": "100m",
      "memory": "96Mi"
     },
     "Claims": null
`,
    ]);
  });

  it('keeps host namespaces where upstream has them', () => {
    const [error] = pods.patch(stored(), { spec: { hostPID: true } }).errors;
    expect(error).toContain('  "HostNetwork": false,\n-  "HostPID": false,\n+  "HostPID": true,\n   "HostIPC": false,\n');
  });

  it('removes gates, adds none, and narrows where a gated pod may go', () => {
    const old = stored({ schedulingGates: [{ name: 'a' }, { name: 'b' }], nodeSelector: { a: 'b' } });
    expect(pods.patch(old, { spec: { schedulingGates: [{ name: 'a' }], nodeSelector: { disk: 'ssd' } } }).errors).toEqual([]);
    expect(pods.patch(old, { spec: { schedulingGates: [{ name: 'a' }, { name: 'z' }] } }).errors).toEqual([
      "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'z'",
    ]);
    expect(pods.patch(old, { spec: { nodeSelector: { a: 'c' } } }).errors).toEqual([
      'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ]);
  });
});

describe('status of a pod', () => {
  const status = (old: Pod, patch: object) => pods.patch(old, { status: patch }, 'status');

  it('changes the status and labels, not the spec or the owners', () => {
    const old = stored();
    const { object, errors } = pods.patch(
      old,
      {
        metadata: { labels: { a: 'b' }, ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' }] },
        spec: { containers: [{ name: 'c', image: 'other' }] },
        status: { phase: 'Running', podIP: '10.1.2.3' },
      },
      'status',
    );
    expect(errors).toEqual([]);
    expect(object.spec).toEqual(old.spec);
    expect(object.metadata).toMatchObject({ labels: { a: 'b' }, generation: 1 });
    expect(object.metadata.ownerReferences).toBeUndefined();
    expect(object.status).toMatchObject({ phase: 'Running', podIP: '10.1.2.3', podIPs: [{ ip: '10.1.2.3' }], qosClass: 'BestEffort' });
  });

  it.each([
    [{ qosClass: 'Guaranteed' }, ['status.qosClass: Invalid value: "Guaranteed": field is immutable']],
    [
      { podIPs: [{ ip: 'nope' }] },
      ['status.podIPs[0]: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      { podIPs: [{ ip: '1.1.1.1' }, { ip: 'nope' }] },
      [
        'status.podIPs[1]: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: nope',
        'status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"nope"}]: may specify no more than one IP for each IP family',
      ],
    ],
    [
      { podIPs: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }] },
      ['status.podIPs: Invalid value: [{"IP":"1.1.1.1"},{"IP":"1.1.1.2"}]: may specify no more than one IP for each IP family'],
    ],
    [{ observedGeneration: -1 }, ['status.observedGeneration: Invalid value: -1: must be a non-negative integer']],
  ])('refuses %j', (patch, errors) => {
    expect(status(stored(), patch).errors).toEqual(errors);
  });

  it('does not bring back what ended for good', () => {
    const ended = { name: 'c', image: 'x', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } };
    const running = { ...ended, state: { running: {} } };
    const patch = { containerStatuses: [running] };
    const refusal = ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'];
    expect(status(stored({ restartPolicy: 'Never' }, { containerStatuses: [ended] }), patch).errors).toEqual(refusal);
    expect(status(stored({ restartPolicy: 'OnFailure' }, { containerStatuses: [ended] }), patch).errors).toEqual([]);
    expect(status(stored({}, { containerStatuses: [ended] }), patch).errors).toEqual([]);
  });

  it('keeps generations that were observed', () => {
    const conditions = [{ type: 'Ready', status: 'True', observedGeneration: 3 }];
    const old = stored({}, { observedGeneration: 3, conditions });
    const { object } = status(old, { observedGeneration: null, conditions: [{ type: 'Ready', status: 'False' }] });
    expect(object.status.observedGeneration).toBe(3);
    expect(object.status.conditions?.[0]).toMatchObject({ status: 'False', observedGeneration: 3 });
    const twice = status(old, { conditions: [...conditions, { type: 'Ready', status: 'False' }] }).object;
    expect(twice.status.conditions?.map(({ observedGeneration }) => observedGeneration)).toEqual([3, undefined]);
  });
});

describe('ephemeral containers', () => {
  const dbg = { name: 'dbg', image: 'busybox:1.36', targetContainerName: 'c' };
  const add = (old: Pod, containers: readonly object[]) =>
    pods.patch(old, { spec: { containers: [{ name: 'c', image: 'ignored' }], ephemeralContainers: containers } }, 'ephemeralcontainers');

  it('are added, and nothing else changes', () => {
    const { object, errors } = add(stored(), [{ ...dbg, restartPolicy: 'Always' }]);
    expect(errors).toEqual([]);
    expect(object.spec.ephemeralContainers?.[0]?.restartPolicy).toBeUndefined();
    expect(object.metadata.generation).toBe(2);
    expect(object.spec.containers[0]?.image).toBe('nginx:1.27');
    expect(object.spec.ephemeralContainers).toMatchObject([{ ...dbg, imagePullPolicy: 'IfNotPresent' }]);
  });

  it('stay as they are', () => {
    const { object: old } = add(stored(), [dbg]);
    expect(add(old, []).errors).toEqual(['spec.ephemeralContainers: Forbidden: existing ephemeral containers "dbg" may not be removed\n']);
    expect(add(old, [{ ...dbg, image: 'other:1' }]).errors).toEqual([
      `spec.ephemeralContainers: Forbidden: existing ephemeral containers "dbg" may not be changed
@@ -1,6 +1,6 @@
 {
  "Name": "dbg",
- "Image": "busybox:1.36",
+ "Image": "other:1",
  "Command": null,
  "Args": null,
  "WorkingDir": "",
`,
    ]);
  });

  it('have no ports, probes or resources, and a target that is there', () => {
    const container = { ...dbg, targetContainerName: 'no', ports: [{ containerPort: 1 }], resources: { limits: { cpu: '1' } } };
    expect(add(stored(), [container]).errors).toEqual([
      'spec.ephemeralContainers[0].targetContainerName: Not found: "no"',
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container',
    ]);
    expect(add(stored(), [{ ...dbg, ports: [] }]).errors).toEqual([
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
    ]);
  });
});

describe('resize', () => {
  const resources = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } };
  const old = stored({ containers: [{ name: 'c', image: 'nginx:1.27', resources }] });
  const resize = (now: object) => pods.patch(old, { spec: { containers: [{ name: 'c', image: 'other', resources: now }] } }, 'resize');

  it('changes cpu and memory, and drops the rest', () => {
    const { object, errors } = resize({ ...resources, requests: { cpu: '150m', memory: '96Mi' } });
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
    expect(object.spec.containers[0]).toMatchObject({ image: 'nginx:1.27', resources: { requests: { cpu: '150m', memory: '96Mi' } } });
  });

  it('keeps the QoS class, and what was limited', () => {
    expect(resize({ requests: resources.limits, limits: resources.limits }).errors).toEqual([
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
    ]);
    expect(resize({ requests: resources.requests }).errors).toContain(
      'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
    );
    expect(resize({ ...resources, limits: { ...resources.limits, 'example.com/gpu': '1' } }).errors).toContain(
      'spec: Forbidden: only cpu and memory resources are mutable',
    );
  });

  it('takes the containers as they are, in their order', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, image: 'nginx:1.27', resources }));
    const two = stored({ containers: [a, b] });
    const into = (containers: unknown) => pods.patch(two, { spec: { containers } }, 'resize').errors;
    expect(into([b, a])).toEqual([
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
      'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
    ]);
    expect(into([a, b, c])).toEqual(['spec.containers: Forbidden: containers may not be added or removed on resize']);
  });
});

describe('deletion of a pod', () => {
  const grace = (pod: Pod, asked?: number) => podStrategy.gracePeriodSeconds?.({ ...contextOf().context, gracePeriodSeconds: asked }, pod);

  it('gives what the pod asks for, or the client', () => {
    const pod = stored({ nodeName: 'n' });
    expect(grace(pod)).toBe(30);
    expect(grace(pod, 5)).toBe(5);
    expect(grace(pod, 0)).toBe(0);
    expect(grace(pod, -1)).toBe(1);
  });

  it('gives nothing to a pod that runs nowhere', () => {
    expect(grace(stored(), 60)).toBe(0);
    expect(grace(stored({ nodeName: 'n' }, { phase: 'Succeeded' }), 60)).toBe(0);
  });
});

describe('binding', () => {
  const annotations = { a: 'b', 'pod.beta.kubernetes.io/init-containers': '[]' };
  const binding = { metadata: { name: 'p', annotations }, target: { kind: 'Node', name: 'n1' } };

  it('sets node, annotations and condition', () => {
    const pod = stored();
    expect(bindPod(pod, binding, Date.UTC(2024, 0, 2))).toBeUndefined();
    expect(pod.spec.nodeName).toBe('n1');
    expect(pod.metadata.annotations).toEqual({ a: 'b' });
    expect(pod.status.conditions).toEqual([
      { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: '2024-01-02T00:00:00Z' },
    ]);
  });

  it('refuses pods that are bound, gated or going', () => {
    expect(bindPod(stored({ nodeName: 'n1' }), binding, 0)).toBe('pod p is already assigned to node "n1"');
    expect(bindPod(stored({ schedulingGates: [{ name: 'g' }] }), binding, 0)).toBe('pod p has non-empty .spec.schedulingGates');
    const going = stored();
    going.metadata.deletionTimestamp = '2024-01-01T00:00:00Z';
    expect(bindPod(going, binding, 0)).toBe('pod p is being deleted, cannot be assigned to a host');
  });
});

describe('field selectors', () => {
  it('know what upstream knows', () => {
    const pod = stored({ nodeName: 'n', hostNetwork: true }, { podIPs: [{ ip: '10.0.0.1' }] });
    const values = Object.entries(podStrategy.fieldSelectors ?? {}).map(([field, read]) => [field, read(pod)]);
    expect(Object.fromEntries(values)).toEqual({
      'spec.nodeName': 'n',
      'spec.restartPolicy': 'Always',
      'spec.schedulerName': 'default-scheduler',
      'spec.serviceAccountName': '',
      'spec.hostNetwork': 'true',
      'status.phase': 'Pending',
      'status.podIP': '10.0.0.1',
      'status.nominatedNodeName': '',
      'spec.host': 'n',
      'status.podIPs': '',
    });
  });
});
