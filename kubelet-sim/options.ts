import { isIP } from 'node:net';
import { isDns1123Label, type Taint } from '../api/index.ts';
import { clientOptions } from '../client/index.ts';
import {
  healthOptions,
  OptionError,
  type OptionTable,
  type OptionValues,
  option,
  parseDuration,
  processOptions,
} from '../runtime/index.ts';
import { addressOptions } from './address-options.ts';
import { DEFAULT_EVICTION_RULES, DEFAULT_THRESHOLDS, isReclaimValue, isSignal, parseThreshold, type Threshold } from './node/eviction.ts';
import { isSysctlPattern } from './node/sysctls.ts';
import { RUNTIME_HANDLERS } from './runtime/simulated/runtime-handlers.ts';

/** What the process that holds the nodes takes; names are those of upstream's kubelet where it has one. */
export const kubeletSimOptions = {
  ...clientOptions,
  nodes: option.integer('How many nodes this process holds.', 3, { min: 0, max: 60_000 }),
  'node-name-prefix': option.string('Names of the nodes: this, then their index.', 'node-'),
  'node-start-index': option.integer('Index of the first node; each process of a cluster has its own range.', 0, { min: 0 }),
  'node-labels': option.list('Labels of every node: key=value.', [], { placeholder: 'LABELS' }),
  'register-with-taints': option.list('Taints of every node: key=value:effect.', [], { placeholder: 'TAINTS' }),
  'node-status-update-frequency': option.duration('How often a change of a node is looked for.', 10_000),
  'node-lease-duration-seconds': option.integer("How long a node's lease is good; it is renewed four times in it.", 40, { min: 1 }),
  'cluster-domain': option.string("Domain of the cluster's DNS names.", 'cluster.local'),
  ...addressOptions,
  'max-pods': option.integer('Pods a node takes.', 110, { min: 1 }),
  cpu: option.string('Processors of a node.', '8', { placeholder: 'QUANTITY' }),
  memory: option.string('Memory of a node.', '32Gi', { placeholder: 'QUANTITY' }),
  'ephemeral-storage': option.string('Disk of a node.', '100Gi', { placeholder: 'QUANTITY' }),
  'node-classes': option.string('YAML file with classes of nodes: capacity, labels, taints, zones, how many of each.', undefined, {
    placeholder: 'FILE',
  }),
  'pod-manifest-path': option.string(
    'Directory of static pods: for every node, or in a directory named after one for that one.',
    undefined,
    {
      placeholder: 'DIR',
    },
  ),
  'simulation-policies': option.boolean("Define SimulationPolicies and KWOK's Stages, and follow them.", true),
  'eviction-hard': option.list(
    'When a node counts as short of something, and evicts at once: signal<quantity or share.',
    DEFAULT_THRESHOLDS.map(({ signal, value }) => `${signal}<${value}`),
    { placeholder: 'THRESHOLDS' },
  ),
  'eviction-soft': option.list('When a node counts as short of something, if it lasts.', [], { placeholder: 'THRESHOLDS' }),
  'eviction-soft-grace-period': option.list('How long each soft threshold is to last: signal=1m30s.', [], { placeholder: 'DURATIONS' }),
  'eviction-minimum-reclaim': option.list(
    'How much more than each threshold is won back, once a node evicts: signal=quantity or share.',
    [],
    {
      placeholder: 'QUANTITIES',
    },
  ),
  'eviction-max-pod-grace-period': option.integer(
    'Seconds that a pod which goes for a soft threshold is given at most; one second at least.',
    DEFAULT_EVICTION_RULES.maxPodGraceSeconds,
    { min: 0 },
  ),
  'eviction-pressure-transition-period': option.duration(
    'How long a node says that it is short of something after it was last.',
    DEFAULT_EVICTION_RULES.transitionMs,
  ),
  'pod-cidr': option.string(
    'Range a node takes its pod addresses from when no controller gives it one, or one of each family with a comma between; empty to wait.',
    '10.244.0.0/16',
    { placeholder: 'CIDR' },
  ),
  'advertise-address': option.string('Host or address at which the API server reaches this process.', 'localhost', { placeholder: 'HOST' }),
  address: option.string('Address to listen on.', '127.0.0.1', { placeholder: 'IP' }),
  port: option.integer('Port of the HTTPS server that all nodes share; 0 for any.', 0, { min: 0, max: 65_535 }),
  'client-ca-file': option.string('CA of the clients that may connect; that of the kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  'image-catalog': option.string('YAML or JSON file that says what images do, before the built-in list.', undefined, {
    placeholder: 'FILE',
  }),
  'image-pull-duration': option.duration('How long the pull of an image takes.', 0),
  'image-pull-bytes-per-second': option.integer('How fast images are pulled, beside the duration above; 0 for at once.', 0, { min: 0 }),
  'private-registries': option.list(
    'Registries that ask for an image pull secret: HOST or HOST/PATH, or USER:PASSWORD@HOST for one that takes no other account.',
    ['registry.example.com'],
    { placeholder: 'HOSTS' },
  ),
  'runtime-handlers': option.list('Handlers of RuntimeClasses that nodes know.', RUNTIME_HANDLERS, { placeholder: 'NAMES' }),
  'allowed-unsafe-sysctls': option.list(
    'Parameters of the kernel that pods may set beside the harmless ones, or what they begin with: net.core.*.',
    [],
    {
      placeholder: 'NAMES',
    },
  ),
  ...healthOptions,
  ...processOptions,
} satisfies OptionTable;

export type KubeletSimValues = OptionValues<typeof kubeletSimOptions>;

/** `key=value` pairs. @throws OptionError */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals <= 0) throw new OptionError(`option --node-labels takes key=value, not "${pair}"`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** @throws OptionError */
export function parseAddresses(texts: readonly string[]): readonly string[] {
  const wrong = texts.find((text) => isIP(text) === 0);
  if (wrong !== undefined || texts.length === 0) throw new OptionError(`option --cluster-dns takes IP addresses, not "${wrong ?? ''}"`);
  return texts;
}

/** @throws OptionError */
export function parseHandlers(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => isDns1123Label(name).length > 0);
  if (wrong !== undefined) throw new OptionError(`option --runtime-handlers takes names such as runsc, not "${wrong}"`);
  return names;
}

/** @throws OptionError */
export function parseSysctls(patterns: readonly string[]): readonly string[] {
  const wrong = patterns.find((pattern) => !isSysctlPattern(pattern));
  if (wrong === undefined) return patterns;
  throw new OptionError(`option --allowed-unsafe-sysctls takes names of a namespace's own parameters such as net.core.*, not "${wrong}"`);
}

const EFFECTS: ReadonlySet<string> = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

/** `key=value:effect` or `key:effect`. @throws OptionError */
export function parseTaints(texts: readonly string[]): Taint[] {
  return texts.map((text) => {
    const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
    if (!EFFECTS.has(effect)) throw new OptionError(`option --register-with-taints takes key=value:effect, not "${text}"`);
    return { key, effect, ...(value ? { value } : {}) };
  });
}

type EvictionValues = Pick<KubeletSimValues, 'eviction-hard' | 'eviction-soft' | 'eviction-soft-grace-period' | 'eviction-minimum-reclaim'>;

/** Upstream: `ParseThresholdConfig`, `pkg/kubelet/eviction/helpers.go`. @throws OptionError */
export function parseThresholds(values: EvictionValues): Threshold[] {
  const graces = bySignal('eviction-soft-grace-period', values);
  const reclaims = bySignal('eviction-minimum-reclaim', values);
  const wrong = [...reclaims.values()].find((value) => !isReclaimValue(value));
  if (wrong !== undefined)
    throw new OptionError(`option --eviction-minimum-reclaim takes amounts such as memory.available=500Mi, not "${wrong}"`);
  const graceOf = (text: string): number => {
    const grace = parseDuration(graces.get(text.split('<')[0] ?? '') ?? '');
    if (grace !== undefined && grace > 0) return grace;
    throw new OptionError(`option --eviction-soft-grace-period needs a duration for "${text}", such as memory.available=1m30s`);
  };
  const thresholds = [...readThresholds('eviction-hard', values, () => 0), ...readThresholds('eviction-soft', values, graceOf)];
  return thresholds.map((threshold) => ({ ...threshold, minReclaim: reclaims.get(threshold.signal) }));
}

/** What is said of each signal. @throws OptionError */
function bySignal(name: 'eviction-soft-grace-period' | 'eviction-minimum-reclaim', values: EvictionValues): ReadonlyMap<string, string> {
  const pairs = values[name].map((text) => text.split('=').map((part) => part.trim()));
  const wrong = pairs.find(([signal = '']) => !isSignal(signal));
  if (wrong) throw new OptionError(`option --${name} takes no signal "${wrong[0] ?? ''}"`);
  return new Map(pairs.map(([signal = '', value = '']) => [signal, value]));
}

/** A share of nothing, or of all, turns a threshold off. */
const OFF = /<(?:0|100)%$/;

function readThresholds(name: 'eviction-hard' | 'eviction-soft', values: EvictionValues, graceOf: (text: string) => number): Threshold[] {
  const seen = new Set<string>();
  return values[name].flatMap((text) => {
    if (OFF.test(text.trim())) return [];
    const threshold = parseThreshold(text, graceOf(text));
    if (!threshold) throw new OptionError(`option --${name} takes thresholds such as memory.available<100Mi, not "${text}"`);
    if (seen.has(threshold.signal)) throw new OptionError(`option --${name} takes one threshold of ${threshold.signal}`);
    seen.add(threshold.signal);
    return [threshold];
  });
}
