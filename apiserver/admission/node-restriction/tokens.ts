import {
  type CSIDriver,
  coreKinds,
  goQuote,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
  type TokenRequest,
  type Volume,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { aggregate } from '../refusal.ts';
import type { NodeRequest, Problem } from './plugin.ts';
import { existingPod } from './pods.ts';

const VERB = 'request-serviceaccounts-token-audience';

/** A node asks for tokens of the accounts of its pods: bound to the pod, and for whom the pod needs them. */
export async function tokenProblem(request: NodeRequest): Promise<Problem> {
  const { node, objects, attributes } = request;
  const { operation, subresource, namespace, object } = attributes;
  if (operation !== 'CREATE' || subresource !== 'token') return undefined;
  // The object of a request for a token is one: it was decoded as one.
  const { spec } = object as TokenRequest;
  const ref = spec.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) return 'node requested token not bound to a pod';
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = await existingPod(objects, namespace, ref.name);
  if (ref.uid !== pod.metadata.uid) {
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  if (pod.spec.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node';
  return audienceProblem(request, pod, spec.audiences ?? []);
}

/** KEP-4412: somebody who took over a node does not get tokens for whomever they like. */
async function audienceProblem(
  { context, attributes, objects, authorizer }: NodeRequest,
  pod: Pod,
  audiences: readonly string[],
): Promise<Problem> {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = audiences;
  const errors: string[] = [];
  if (isNeeded(objects, pod, audience, errors)) return undefined;
  if (errors.length > 0) return `error validating audience ${goQuote(audience)}: ${aggregate(errors)}`;
  const { user } = context;
  const { namespace, name } = attributes;
  const asked = {
    user,
    verb: VERB,
    resourceRequest: true,
    path: '',
    namespace,
    group: '',
    version: '',
    resource: audience,
    subresource: '',
    name,
  };
  if ((await authorizer.authorize(asked)).allowed) return undefined;
  return `audience ${goQuote(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}

/** Whether a volume of the pod, or the driver of one, wants tokens for an audience; with what was not found while looking. */
function isNeeded(objects: ObjectReader, { metadata, spec }: Pod, audience: string, errors: string[]): boolean {
  const notFound = (what: string, name: string): undefined => {
    errors.push(`${what} ${goQuote(name)} not found`);
  };
  return (spec.volumes ?? []).some((volume) => {
    const sources = volume.projected?.sources ?? [];
    if (sources.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)) return true;
    const name = driverOf(objects, metadata, volume, notFound);
    if (name === undefined) return false;
    const driver = objects.get<CSIDriver>(storageKinds.csidrivers, '', name) ?? notFound('csidriver.storage.k8s.io', name);
    return driver?.spec.tokenRequests?.some((request) => request.audience === audience) ?? false;
  });
}

/** Drivers that took over from volume plugins of Kubernetes itself. Upstream: `k8s.io/csi-translation-lib`. */
const MIGRATED = [
  ['awsElasticBlockStore', 'ebs.csi.aws.com'],
  ['azureDisk', 'disk.csi.azure.com'],
  ['azureFile', 'file.csi.azure.com'],
  ['cinder', 'cinder.csi.openstack.org'],
  ['gcePersistentDisk', 'pd.csi.storage.gke.io'],
  ['portworxVolume', 'pxd.portworx.com'],
  ['vsphereVolume', 'csi.vsphere.vmware.com'],
] as const;

const migratedDriver = (sources: Partial<Record<(typeof MIGRATED)[number][0], unknown>>): string | undefined =>
  MIGRATED.find(([source]) => sources[source])?.[1];

/** The CSI driver of a volume, of its own or by its claim. */
function driverOf(
  objects: ObjectReader,
  { name, namespace = '' }: Pod['metadata'],
  volume: Volume,
  notFound: (what: string, name: string) => undefined,
): string | undefined {
  const claimName = volume.ephemeral?.volumeClaimTemplate ? `${name}-${volume.name}` : volume.persistentVolumeClaim?.claimName;
  if (claimName === undefined) return volume.csi?.driver ?? migratedDriver(volume);
  const claim = objects.get<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims, namespace, claimName);
  if (!claim) return notFound('persistentvolumeclaim', claimName);
  const { volumeName = '' } = claim.spec;
  const spec = objects.get<PersistentVolume>(coreKinds.persistentvolumes, '', volumeName)?.spec;
  return spec ? (spec.csi?.driver ?? migratedDriver(spec)) : notFound('persistentvolume', volumeName);
}
