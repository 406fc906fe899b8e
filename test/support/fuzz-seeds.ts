import { REQUEST_OF_DEVS } from '../../apiserver/testing/signing-requests.ts';

type Body = Readonly<Record<string, unknown>>;

const labels = { app: 'x' };
const selector = { matchLabels: labels };
const container = { name: 'c', image: 'nginx', ports: [{ containerPort: 80 }], resources: { requests: { cpu: '1' } } };
const pod = { containers: [container], tolerations: [{ key: 'k', operator: 'Exists' }] };
const template = { metadata: { labels }, spec: pod };
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const jobTemplate = { template: { spec: { ...pod, restartPolicy: 'Never' } } };
const backend = { service: { name: 'a', port: { number: 80 } } };

/** What an object of a kind needs beside its metadata; kinds that are not here need nothing. */
const NEEDED: Readonly<Record<string, Body>> = {
  Pod: { spec: pod },
  ConfigMap: { data: { a: 'b' }, binaryData: { c: 'aGk=' } },
  Secret: { stringData: { a: 'b' } },
  Service: { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } },
  PodTemplate: { template },
  ReplicationController: { spec: { selector: labels, template } },
  Deployment: { spec: { replicas: 1, selector, template } },
  ReplicaSet: { spec: { replicas: 1, selector, template } },
  DaemonSet: { spec: { selector, template } },
  StatefulSet: { spec: { serviceName: 'a', selector, template, volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: claim }] } },
  ControllerRevision: { revision: 1, data: { a: 'b' } },
  Job: { spec: jobTemplate },
  CronJob: { spec: { schedule: '0 * * * *', jobTemplate: { spec: jobTemplate } } },
  HorizontalPodAutoscaler: { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3 } },
  PersistentVolumeClaim: { spec: claim },
  PersistentVolume: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } } },
  StorageClass: { provisioner: 'example.com/p' },
  VolumeAttachment: { spec: { attacher: 'example.com', nodeName: 'a', source: { persistentVolumeName: 'a' } } },
  VolumeAttributesClass: { driverName: 'example.com', parameters: { a: 'b' } },
  CSIStorageCapacity: { storageClassName: 'a', capacity: '1Gi', nodeTopology: selector },
  Role: { rules },
  ClusterRole: { rules },
  RoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'a' }, subjects: [{ kind: 'User', name: 'u' }] },
  ClusterRoleBinding: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a' } },
  Lease: { spec: { holderIdentity: 'x', leaseDurationSeconds: 15 } },
  Node: { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } },
  Endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  EndpointSlice: { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'http', port: 80 }] },
  Ingress: { spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] } },
  IngressClass: { spec: { controller: 'example.com/c' } },
  RuntimeClass: { handler: 'runc' },
  ResourceSlice: { spec: { driver: 'example.com', nodeName: 'a', pool: { name: 'a', resourceSliceCount: 1 }, devices: [{ name: 'd' }] } },
  ValidatingAdmissionPolicyBinding: { spec: { policyName: 'a', validationActions: ['Audit'] } },
  ValidatingAdmissionPolicy: {
    spec: {
      matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] },
      validations: [{ expression: 'object.metadata.name != ""' }],
    },
  },
  CertificateSigningRequest: { spec: { request: REQUEST_OF_DEVS, signerName: 'example.com/signer', usages: ['client auth'] } },
};

/** An object of a kind that a server takes, with a finalizer, so that it stays when it is deleted. */
export function seedObject(apiVersion: string, kind: string, name: string): object {
  const metadata = { name, labels, finalizers: ['example.com/f'] };
  if (kind !== 'CustomResourceDefinition') return { apiVersion, kind, metadata, ...NEEDED[kind] };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const names = { plural: `${name}s`, kind: name.toUpperCase() };
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, name: `${name}s.example.com` },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
  };
}
