import { OptionError, option } from '../runtime/index.ts';
import type { Taint } from '../api/index.ts';

/** Options of the `kubelet-sim` process; upstream's names where its kubelet has one. */
export const KUBELET_SIM_OPTIONS = {
  kubeconfig: option.string('kubeconfig file with the API server to talk to', undefined, { placeholder: 'FILE' }),
  nodes: option.integer('how many nodes this process holds', 3, { min: 0, max: 60_000 }),
  'node-name-prefix': option.string('names of the nodes: this, then their index', 'node-'),
  'node-start-index': option.integer('index of the first node; give each process of a cluster its own range', 0, { min: 0 }),
  'node-labels': option.list('labels of every node: key=value, comma-separated'),
  'register-with-taints': option.list('taints of every node: key=value:effect, comma-separated'),
  'node-status-update-frequency': option.duration('how often a change of a node is looked for', 10_000),
  'node-lease-duration-seconds': option.integer('how long a lease of a node is good; it is renewed four times in it', 40, { min: 1 }),
  'max-pods': option.integer('pods a node takes', 110, { min: 1 }),
  cpu: option.string('processors of a node', '8', { placeholder: 'QUANTITY' }),
  memory: option.string('memory of a node', '32Gi', { placeholder: 'QUANTITY' }),
  'ephemeral-storage': option.string('disk of a node', '100Gi', { placeholder: 'QUANTITY' }),
  'pod-cidr': option.string('range of pod addresses that a node takes its share of when no controller gives it one; empty to wait for one', '10.244.0.0/16'),
  'advertise-address': option.string('host or address at which the API server reaches this process', 'localhost'),
  address: option.string('address to listen on', '127.0.0.1'),
  port: option.integer('port of the HTTPS server, which all nodes share; 0 for any', 0, { min: 0, max: 65_535 }),
  'client-ca-file': option.string('CA of clients that may connect; that of the kubeconfig unless given', undefined, { placeholder: 'FILE' }),
  'image-catalog': option.string('JSON or YAML file that says what images do, before the built-in list', undefined, { placeholder: 'FILE' }),
  'image-pull-duration': option.duration('how long a pull of an image takes', 0),
  'private-registries': option.list('registries that ask for an image pull secret', ['registry.example.com']),
  'kube-api-qps': option.integer('requests a second to the API server; 0 for no limit', 0, { min: 0 }),
  'kube-api-burst': option.integer('requests that may run ahead of that', 0, { min: 0 }),
  'log-level': option.string('least severe level that is logged', 'info'),
} as const;

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

const EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

/** `key=value:effect` or `key:effect`. @throws OptionError */
export function parseTaints(texts: readonly string[]): Taint[] {
  return texts.map((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text);
    const [, key = '', value, effect = ''] = match ?? [];
    if (!match || !EFFECTS.has(effect)) throw new OptionError(`option --register-with-taints takes key=value:effect, not "${text}"`);
    return { key, effect, ...(value ? { value } : {}) };
  });
}
