import { parseQuantity } from '../../api/index.ts';

/** What somebody uses, as metrics-server tells it. */
export interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

/** What a kubelet told of its node and pods. */
export interface NodeScrape {
  /** RFC 3339. */
  readonly time: string;
  readonly node: Usage;
  /** By `namespace/name`: of each container. */
  readonly pods: ReadonlyMap<string, readonly ContainerUsage[]>;
}

export interface ContainerUsage {
  readonly name: string;
  readonly usage: Usage;
}

/** Reads a kubelet's `/stats/summary`; undefined when it has no usage in it. */
export function scrapeOf(summary: unknown): NodeScrape | undefined {
  const { node, pods } = summary as Summary;
  const usage = usageOf(node);
  if (!usage || !node?.cpu?.time) return undefined;
  const byPod = (pods ?? []).map(({ podRef, containers = [] }) => {
    const used = containers.flatMap((container) => {
      const own = usageOf(container);
      return own && container.name !== undefined ? [{ name: container.name, usage: own }] : [];
    });
    // As metrics-server: a pod of which one container is not known yet is not told of at all.
    return [`${podRef.namespace}/${podRef.name}`, used.length === containers.length ? used : []] as const;
  });
  return { time: node.cpu.time, node: usage, pods: new Map(byPod.filter(([, containers]) => containers.length > 0)) };
}

interface Used {
  readonly name?: string;
  readonly cpu?: { readonly time?: string; readonly usageNanoCores?: number };
  readonly memory?: { readonly workingSetBytes?: number };
}

/** The part of a summary that is read (k8s.io/kubelet, `pkg/apis/stats/v1alpha1`). */
interface Summary {
  readonly node?: Used;
  readonly pods?: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers?: readonly Used[];
  }[];
}

function usageOf(used: Used | undefined): Usage | undefined {
  const { usageNanoCores } = used?.cpu ?? {};
  const { workingSetBytes } = used?.memory ?? {};
  if (usageNanoCores === undefined || workingSetBytes === undefined) return undefined;
  return { cpu: parseQuantity(`${usageNanoCores}n`).canonical(), memory: bytesText(workingSetBytes) };
}

/** A number of bytes with the largest binary suffix that leaves it whole. */
function bytesText(bytes: number): string {
  const suffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let value = bytes;
  let i = 0;
  for (; i < suffixes.length - 1 && value !== 0 && value % 1024 === 0; i++) value /= 1024;
  return `${value}${suffixes[i]}`;
}
