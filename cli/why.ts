import type { Live, Pod } from '../api/index.ts';
import { helpText, OptionError, type OptionTable, option, parseOptions, UserError } from '../runtime/index.ts';
import { type Why, why } from '../scheduler/index.ts';
import { clusterOptions, readCluster } from './cluster-source.ts';
import { runCommand } from './command.ts';
import { longName, whatIfOptions } from './simulate.ts';

const OPTIONS = {
  namespace: option.string('Namespace of the pod.', 'default'),
  output: option.string('text or json.', 'text'),
  ...clusterOptions,
} satisfies OptionTable;

/** `nanokube why POD`: why a pod has no node, and what would help. */
export async function main(argv: readonly string[]): Promise<void> {
  await runCommand(async () => {
    const { values, positionals, help } = parseOptions(OPTIONS, argv.map(longName));
    const about = 'Says of each node why a pod cannot run there, and the smallest single change that would let it run.';
    if (help) {
      process.stdout.write(helpText('nanokube why POD [OPTIONS]', about, OPTIONS));
      return;
    }
    const [name, stray] = positionals;
    if (name === undefined) throw new OptionError('why needs the name of a pod');
    if (stray !== undefined) throw new OptionError(`why takes one name, and "${stray}" is too many`);
    if (values.output !== 'text' && values.output !== 'json') throw new OptionError(`--output takes text or json, not "${values.output}"`);
    const cluster = await readCluster(values.kubeconfig);
    const pod = cluster.pods.find(({ metadata }) => metadata.name === name && metadata.namespace === values.namespace);
    if (!pod) throw new UserError(`there is no pod ${name} in namespace ${values.namespace}`);
    if (pod.spec.nodeName) {
      process.stdout.write(`${name} has a node: ${pod.spec.nodeName}\n`);
      return;
    }
    const answer = await why(pod, cluster, await whatIfOptions(values.config));
    process.stdout.write(values.output === 'json' ? `${JSON.stringify(answer, undefined, 2)}\n` : textOf(pod, answer));
  });
}

function textOf(pod: Live<Pod>, { rejection, nodes, wouldRunOn, preempts, change }: Why): string {
  const lines: string[] = [];
  if (wouldRunOn !== undefined) lines.push(`${pod.metadata.name} would run on ${wouldRunOn} now: it is only waiting for its turn.`);
  else lines.push(`${pod.metadata.name} fits no node.`);
  if (rejection) lines.push(`  ${rejection.plugin}: ${rejection.reasons.join(', ')}`);
  const width = Math.max(0, ...nodes.map(({ node }) => node.length));
  for (const { node, rejections } of nodes) {
    const said = rejections.map(({ plugin, reasons }) => `${plugin}: ${reasons.join(', ')}`);
    lines.push(`  ${node.padEnd(width)}  ${said.length === 0 ? 'would do' : said.join('; ')}`);
  }
  if (preempts) lines.push('', `It runs on ${preempts.nodeName} once the scheduler has deleted ${preempts.victims.join(', ')}.`);
  else if (change) lines.push('', `It would run on ${change.nodeName} with one change:`, `  ${change.text}`);
  else if (wouldRunOn === undefined) lines.push('', 'No single change was found that would let it run.');
  return `${lines.join('\n')}\n`;
}
