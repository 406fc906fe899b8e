import { readFileSync } from 'node:fs';
import { coreKinds, isForbidden, isNotFound, type KubeObject, type Live, type Node } from '../api/index.ts';
import { type ApiClient, createClient, loadKubeconfig } from '../client/index.ts';
import { type OptionTable, option, UserError } from '../runtime/index.ts';
import { asStored, ClusterState, kindOf, STATE_KINDS } from '../scheduler/index.ts';

/** Options of commands that look at a cluster as its scheduler does. */
export const clusterOptions = {
  kubeconfig: option.string('How to reach the cluster; else the file that KUBECONFIG names, else .nanokube/admin.kubeconfig.', undefined, {
    placeholder: 'FILE',
  }),
  config: option.string("The scheduler's KubeSchedulerConfiguration; upstream's defaults unless given.", undefined, {
    placeholder: 'FILE',
  }),
} satisfies OptionTable;

/** Everything in a running cluster that scheduling looks at. */
export async function readCluster(kubeconfig: string | undefined): Promise<ClusterState> {
  const config = loadKubeconfig(kubeconfig ?? (process.env.KUBECONFIG || '.nanokube/admin.kubeconfig'));
  const client = createClient({ ...config, userAgent: 'nanokube' });
  try {
    const state = new ClusterState();
    for (const kind of STATE_KINDS) state.set(kind, await listed(client, kind));
    return state;
  } finally {
    await client.close();
  }
}

/** What is not served, or not ours to see, is taken not to be there; but without pods and nodes there is nothing to say. */
async function listed(client: ApiClient, kind: (typeof STATE_KINDS)[number]): Promise<Live<KubeObject>[]> {
  try {
    return (await client.resource<KubeObject>(kind).list()).items;
  } catch (error) {
    const isNeeded = kind === coreKinds.pods || kind === coreKinds.nodes;
    if (!isNeeded && (isNotFound(error) || isForbidden(error))) return [];
    throw error;
  }
}

/** The objects of a file: YAML documents or JSON, lists taken apart. */
export async function readManifests(file: string): Promise<KubeObject[]> {
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(readFileSync(file === '-' ? 0 : file, 'utf8'));
  return [...documents].flatMap((document) => {
    const [error] = document.errors ?? [];
    if (error) throw new UserError(`${file}: ${error.message}`);
    return objectsIn(document.toJS(), file);
  });
}

function objectsIn(value: unknown, file: string): KubeObject[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object' || !('kind' in value)) throw new UserError(`${file}: an object without a kind`);
  if (String(value.kind).endsWith('List') && 'items' in value && Array.isArray(value.items)) {
    return value.items.flatMap((item) => objectsIn(item, file));
  }
  if (!('metadata' in value)) throw new UserError(`${file}: a ${String(value.kind)} without metadata`);
  return [value as unknown as KubeObject];
}

/** A cluster as `kubectl get nodes,pods,… -A -o yaml` writes it, or as a snapshot has it: of ours or of etcd. */
export async function readSnapshot(file: string): Promise<ClusterState> {
  const state = new ClusterState();
  const { isSnapshot, storedObjects } = await import('./stored-objects.ts');
  const objects = (await isSnapshot(file)) ? storedObjects(file) : await readManifests(file);
  for await (const object of objects) {
    const kind = kindOf(object);
    if (kind) state.add(kind, asStored(object, kind));
  }
  return state;
}

/** A cluster of so many empty nodes, such as `nanokube up` has. */
export function emptyCluster(nodes: number): ClusterState {
  const state = new ClusterState();
  const amounts = { cpu: '8', memory: '32668Mi', 'ephemeral-storage': '100Gi', pods: '110' };
  const made = Array.from({ length: nodes }, (_, i): Live<KubeObject> => {
    const name = `node-${i}`;
    const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
    const node: unknown = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
      spec: {},
      status: { allocatable: amounts, capacity: amounts },
    };
    return asStored(node as Node, coreKinds.nodes);
  });
  state.set(coreKinds.nodes, made);
  return state;
}
