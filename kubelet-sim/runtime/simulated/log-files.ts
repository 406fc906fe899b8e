import type { LogEntry } from '../cri.ts';
import type { SimulatedContainer } from './container.ts';
import { livingDirectory, readOnlyFile } from './files/living-directory.ts';
import type { DirectoryNode, TreeNode } from './files/tree.ts';
import type { SimulatedNode } from './sandbox.ts';

/** Containers of a pod, those of its older sandboxes too. */
interface PodLogs {
  readonly createdAt: number;
  readonly containers: SimulatedContainer[];
}

/** `NAMESPACE_NAME_UID` of each pod of a node. */
function podsOf(node: SimulatedNode): Map<string, PodLogs> {
  const pods = new Map<string, PodLogs>();
  for (const { config, createdAt, containers } of node.sandboxes()) {
    const key = `${config.namespace}_${config.name}_${config.uid}`;
    const before = pods.get(key);
    pods.set(key, { createdAt: before?.createdAt ?? createdAt, containers: [...(before?.containers ?? []), ...containers] });
  }
  return pods;
}

/** `/var/log/pods` of a node: `NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log`, in the format of CRI (`pkg/kubelet/kuberuntime/logs`). */
export function podLogDirectory(node: SimulatedNode): DirectoryNode {
  return livingDirectory(0, () =>
    [...podsOf(node)].map(([name, { createdAt }]): [string, TreeNode] => [
      name,
      livingDirectory(createdAt, () => {
        const { containers = [] } = podsOf(node).get(name) ?? {};
        return [...new Set(containers.map(({ config }) => config.name))].map((container): [string, TreeNode] => [
          container,
          livingDirectory(createdAt, () => filesOf(podsOf(node).get(name)?.containers ?? [], container)),
        ]);
      }),
    ]),
  );
}

const filesOf = (containers: readonly SimulatedContainer[], name: string): [string, TreeNode][] =>
  containers
    .filter((container) => container.config.name === name && container.state !== 'created')
    .map((container) => {
      const { entries } = container.log;
      return [
        `${container.config.attempt}.log`,
        readOnlyFile(entries.map(lineOf).join(''), entries.at(-1)?.time ?? container.startedAt, 0o640),
      ];
    });

/** A line, or a piece of one that is too long (`P`). */
function lineOf({ time, stream, text }: LogEntry): string {
  const stamp = `${new Date(Math.floor(time)).toISOString().slice(0, -1)}000000Z`;
  return text.endsWith('\n') ? `${stamp} ${stream} F ${text}` : `${stamp} ${stream} P ${text}\n`;
}

/** `/var/log/containers` of a node: links with the container's name and ID, as collectors of logs look for them (`legacyLogSymlink`). */
export function containerLogDirectory(node: SimulatedNode): DirectoryNode {
  return livingDirectory(0, () =>
    [...node.sandboxes()].flatMap(({ config: { namespace, name, uid }, containers }) =>
      containers
        .filter(({ state }) => state !== 'created')
        .map(({ id, startedAt, config }): [string, TreeNode] => [
          `${name}_${namespace}_${config.name}-${id}.log`,
          {
            type: 'link',
            target: `/var/log/pods/${namespace}_${name}_${uid}/${config.name}/${config.attempt}.log`,
            mtime: startedAt,
          },
        ]),
    ),
  );
}
