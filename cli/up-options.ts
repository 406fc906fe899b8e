import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { apiServerOptions } from '../apiserver/options.ts';
import { controllerOptions } from '../controller-manager/controller-options.ts';
import { addressOptions } from '../kubelet-sim/address-options.ts';
import { OptionError, type OptionTable, type OptionValues, option, type ParsedOptions, parseOptions } from '../runtime/index.ts';
import { DEFAULT_STORAGE_CLASS } from './default-storage-class.ts';

/** What a cluster can have from the start. */
const ADDONS = ['coredns', 'csi-hostpath', 'ingress'] as const;

/** What `nanokube up` itself takes. */
const OWN_OPTIONS = {
  nodes: option.integer('How many simulated nodes to start.', 3, { min: 0, max: 5000 }),
  'node-classes': option.string('YAML file with classes of nodes: capacity, labels, taints, zones, how many of each.', undefined, {
    placeholder: 'FILE',
  }),
  'data-dir': option.string('Where everything is kept: certificates, database, logs.', '.nanokube', { placeholder: 'DIR' }),
  'secure-port': option.integer('Port of the API server; 0 picks a free one.', 6443, { min: 0, max: 65535 }),
  ephemeral: option.boolean(
    'Keep no objects: they are gone when the command ends, and so are certificates and logs unless --data-dir says where they go.',
    false,
  ),
  config: option.string('YAML file with the options of this command, as a mapping from name to value.', undefined, { placeholder: 'FILE' }),
  'log-level': option.string('Least severe level the processes log: error, warn, info, debug or trace.', 'info', { placeholder: 'LEVEL' }),
  'log-to-terminal': option.boolean('Show the logs of all processes on the terminal too.', false),
  'default-storage-class': option.string(
    'Name of the default StorageClass that a cluster without any gets; empty for none.',
    DEFAULT_STORAGE_CLASS,
  ),
  addons: option.list(`What to put into the cluster: ${ADDONS.join(', ')} (as kubeadm and minikube do). Nothing unless given.`, [], {
    placeholder: 'NAMES',
  }),
} satisfies OptionTable;

/** What the command itself goes by. */
type ReadOptions = typeof OWN_OPTIONS &
  Pick<typeof controllerOptions, 'controllers' | 'allocate-node-cidrs' | 'cluster-cidr'> &
  Pick<typeof apiServerOptions, 'service-cluster-ip-range'> &
  Pick<typeof addressOptions, 'cluster-dns'>;

/** Options of `up`: its own, and those of the API server, the controllers and the nodes, which it hands over; one of several goes to all. */
export const UP_OPTIONS: OptionTable & ReadOptions = { ...controllerOptions, ...addressOptions, ...apiServerOptions, ...OWN_OPTIONS };

export interface UpOptions {
  readonly values: OptionValues<ReadOptions>;
  /** The API server's options that were given, as arguments to hand over. */
  readonly apiServerArgv: readonly string[];
  /** The same of the controllers. */
  readonly controllerArgv: readonly string[];
  /** Those of nodes that tell of addresses. */
  readonly addressArgv: readonly string[];
  /** Where certificates, logs and what is kept go; undefined for a place that goes with the cluster. */
  readonly directory: string | undefined;
  readonly help: boolean;
}

/** Reads the command line and, beneath it, the file that `--config` names. */
export function readUpOptions(argv: readonly string[]): UpOptions {
  const line = parseOptions(UP_OPTIONS, argv);
  const { config } = line.values;
  const merged = typeof config === 'string' ? parseOptions(UP_OPTIONS, [...configArguments(config), ...argv]) : line;
  const [stray] = merged.positionals;
  if (stray !== undefined) throw new OptionError(`up takes no argument "${stray}"; options begin with --`);
  const { values, given } = merged;
  const known: readonly string[] = ADDONS;
  const unknown = values.addons.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new OptionError(`option --addons: there is no add-on "${unknown}"; there is ${ADDONS.join(', ')}`);
  const directory = values.ephemeral && !given.has('data-dir') ? undefined : values['data-dir'];
  return {
    values,
    apiServerArgv: handedOver(apiServerOptions, merged),
    controllerArgv: handedOver(controllerOptions, merged),
    addressArgv: handedOver(addressOptions, merged),
    directory,
    help: line.help,
  };
}

function handedOver(to: OptionTable, parsed: ParsedOptions<typeof UP_OPTIONS>): string[] {
  const values: Readonly<Record<string, unknown>> = parsed.values;
  return [...parsed.given]
    .filter((name) => Object.hasOwn(to, name) && !Object.hasOwn(OWN_OPTIONS, name))
    .map((name) => `--${name}=${argumentOf(name, values[name])}`);
}

/** A parsed value as the text it is read from. */
function argumentOf(name: string, value: unknown): string {
  return UP_OPTIONS[name]?.type === 'duration' ? `${Number(value)}ms` : Array.isArray(value) ? value.join(',') : String(value);
}

/** The options of a configuration file as command-line arguments. */
function configArguments(file: string): string[] {
  const content = readConfig(file);
  if (content === null || content === undefined) return [];
  if (typeof content !== 'object' || Array.isArray(content))
    throw new OptionError(`${file} must hold a mapping from option names to values`);
  return Object.entries(content).map(([name, value]) => `--${name}=${Array.isArray(value) ? value.join(',') : String(value)}`);
}

function readConfig(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OptionError(`--config: ${file} cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
}
