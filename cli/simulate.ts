import { helpText, OptionError, type OptionTable, option, parseOptions } from '../runtime/index.ts';
import { loadConfiguration, loadPluginModules, type SimulatedPlacement, simulate, type WhatIfOptions } from '../scheduler/index.ts';
import { clusterOptions, emptyCluster, readCluster, readManifests, readSnapshot } from './cluster-source.ts';
import { runCommand } from './command.ts';

const OPTIONS = {
  filename: option.list('Manifests of the pods, or of what makes them: Deployments, Jobs and so on. - is standard input.', [], {
    placeholder: 'FILE',
  }),
  nodes: option.integer('Simulate on so many empty nodes instead of the running cluster.', 0, { min: 0 }),
  snapshot: option.string(
    'Simulate on the objects of this file instead of the running cluster: what kubectl get -A -o yaml wrote, or a snapshot (nanokube snapshot save, etcdctl snapshot save).',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  output: option.string('text or json.', 'text'),
  ...clusterOptions,
} satisfies OptionTable;

/** `nanokube simulate -f FILE`: where pods would go. */
export async function main(argv: readonly string[]): Promise<void> {
  await runCommand(async () => {
    const { values, positionals, help } = parseOptions(OPTIONS, argv.map(longName));
    if (help) {
      process.stdout.write(helpText('nanokube simulate -f FILE [OPTIONS]', 'Says where pods would go, and binds none.', OPTIONS));
      return;
    }
    if (positionals.length > 0) throw new OptionError(`simulate takes no argument "${positionals[0]}"; manifests are given with -f`);
    if (values.filename.length === 0) throw new OptionError('simulate needs manifests: -f FILE');
    if (values.nodes > 0 && values.snapshot !== undefined) throw new OptionError('give --nodes or --snapshot, not both');
    const manifests = (await Promise.all(values.filename.map(readManifests))).flat();
    const cluster = await clusterOf(values);
    const placements = await simulate(manifests, cluster, await whatIfOptions(values.config));
    process.stdout.write(asOutput(values.output)(placements));
    if (placements.some(({ nodeName }) => nodeName === undefined)) process.exitCode = 1;
  });
}

/** As kubectl, `-f` and `-o` are short names. */
export const longName = (argument: string): string => ({ '-f': '--filename', '-o': '--output', '-n': '--namespace' })[argument] ?? argument;

async function clusterOf({ nodes, snapshot, kubeconfig }: { nodes: number; snapshot: string | undefined; kubeconfig: string | undefined }) {
  if (nodes > 0) return emptyCluster(nodes);
  return snapshot === undefined ? await readCluster(kubeconfig) : await readSnapshot(snapshot);
}

/** The profiles and plugins of the scheduler in question. */
export async function whatIfOptions(file: string | undefined): Promise<WhatIfOptions> {
  if (file === undefined) return {};
  const configuration = await loadConfiguration(file);
  return { configuration, plugins: await loadPluginModules(configuration.pluginModules) };
}

function asOutput(output: string): (placements: readonly SimulatedPlacement[]) => string {
  if (output === 'json') return (placements) => `${JSON.stringify(placements.map(plain), undefined, 2)}\n`;
  if (output === 'text') return (placements) => placements.map(lineOf).join('');
  throw new OptionError(`--output takes text or json, not "${output}"`);
}

function plain({ pod, ...rest }: SimulatedPlacement): object {
  return { namespace: pod.metadata.namespace, pod: pod.metadata.name, ...rest };
}

function lineOf({ pod, nodeName, message, nominatedNodeName, victims = [] }: SimulatedPlacement): string {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (nodeName !== undefined) return `${name} -> ${nodeName}\n`;
  if (nominatedNodeName !== undefined)
    return `${name} -> ${nominatedNodeName} once ${victims.join(', ')} ${victims.length > 1 ? 'are' : 'is'} deleted\n`;
  return `${name} -> no node: ${message}\n`;
}
