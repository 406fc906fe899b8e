// Cost of decoding one Pod, by hand: node dist/bench/codec.js
import { pod } from '../api/core/v1/pod.ts';
import { stringifyJson } from '../api/json.ts';
import { decode, decodeProtobuf, encodeProtobuf, hasDuplicates } from '../api/schema.ts';

const ROUNDS = 5;
const CALLS = 50_000;

const body = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-7d4b9c6f5-x2x9k',
    namespace: 'default',
    labels: { app: 'web', 'pod-template-hash': '7d4b9c6f5', tier: 'front' },
    annotations: { 'example.com/owner': 'team-a' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9c6f5', uid: 'e4c1-1', controller: true, blockOwnerDeletion: true },
    ],
  },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'nginx:1.27',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        env: [
          { name: 'A', value: 'b' },
          { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
        ],
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
        readinessProbe: { httpGet: { path: '/', port: 80, scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1 },
        volumeMounts: [{ name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      },
      { name: 'sidecar', image: 'busybox:1.36', args: ['sleep', '1d'], resources: {}, imagePullPolicy: 'IfNotPresent' },
    ],
    volumes: [
      {
        name: 'kube-api-access',
        projected: {
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          ],
          defaultMode: 420,
        },
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  },
  status: { phase: 'Pending', qosClass: 'Burstable' },
};

const text = JSON.stringify(body);
const parsed: unknown = JSON.parse(text);

function measure(name: string, run: () => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / CALLS / 1_000);
  }
  console.log(`${name.padEnd(28)} ${best.toFixed(2)} µs`);
}

const { object } = decode(pod, parsed);
console.log(`pod of ${text.length} bytes`);
measure('JSON.parse', () => JSON.parse(text));
measure('decode', () => decode(pod, parsed));
measure('duplicate keys', () => hasDuplicates(text, parsed));
measure('stringify', () => stringifyJson(object));
const meta = { apiVersion: 'v1', kind: 'Pod' };
const bytes = encodeProtobuf(pod, object, meta);
measure('to protobuf', () => encodeProtobuf(pod, object, meta));
measure('from protobuf', () => decodeProtobuf(bytes).decode(pod));
