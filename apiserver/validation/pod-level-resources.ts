import { type Container, fieldError, type PodSpec, parseQuantity, type Quantity } from '../../api/index.ts';
import { emptyIn } from '../../api/schema.ts';
import { type Errors, keysOf, listOf } from './field-errors.ts';
import { checkPodLevelResources } from './resources.ts';

type Totals = Map<string, Quantity>;

/**
 * What a pod's containers ask for together: the sum of the main containers and sidecars, or the most that is needed while the init
 * containers run, whichever is more.
 */
export function aggregateContainers(spec: PodSpec, kind: 'requests' | 'limits'): ReadonlyMap<string, Quantity> {
  const totals: Totals = new Map();
  for (const container of listOf(spec.containers)) add(totals, container, kind);
  const sidecars: Totals = new Map();
  const initMax: Totals = new Map();
  for (const container of listOf(spec.initContainers)) {
    if (container.restartPolicy === 'Always') {
      add(totals, container, kind);
      add(sidecars, container, kind);
      raise(initMax, sidecars);
    } else {
      const needed = new Map(sidecars);
      add(needed, container, kind);
      raise(initMax, needed);
    }
  }
  raise(totals, initMax);
  return totals;
}

function add(totals: Totals, { resources }: Container, kind: 'requests' | 'limits'): void {
  for (const name of keysOf(resources?.[kind])) {
    const amount = parseQuantity(resources?.[kind]?.[name] ?? '0');
    totals.set(name, totals.get(name)?.add(amount) ?? amount);
  }
}

function raise(totals: Totals, others: ReadonlyMap<string, Quantity>): void {
  for (const [name, amount] of others) {
    const present = totals.get(name);
    if (!present || present.cmp(amount) < 0) totals.set(name, amount);
  }
}

/** `spec.resources`: names and amounts, and that containers fit into them. */
export function checkPodResources(errors: Errors, path: string, spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  if (resources.claims ?? emptyIn(resources, 'claims')) {
    errors.push(fieldError.forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  }
  checkPodLevelResources(errors, path, resources, new Set(listOf(spec.resourceClaims).map(({ name }) => name)));
  for (const [name, sum] of aggregateContainers(spec, 'requests')) {
    const given = resources.requests?.[name];
    if (given === undefined || sum.cmp(parseQuantity(given)) <= 0) continue;
    const message = `must be greater than or equal to aggregate container requests of ${sum.canonical()}`;
    errors.push(fieldError.invalid(`${path}.requests[${name}]`, given, message));
  }
  listOf(spec.containers).forEach((container, i) => {
    checkLimits(errors, `${path}.containers[${i}]`, container.resources?.limits, resources.limits);
  });
}

type Amounts = Readonly<Record<string, string>> | undefined;

function checkLimits(errors: Errors, path: string, limits: Amounts, podLimits: Amounts): void {
  for (const name of keysOf(limits)) {
    const limit = limits?.[name] ?? '0';
    const podLimit = podLimits?.[name];
    if (podLimit === undefined || parseQuantity(limit).cmp(parseQuantity(podLimit)) <= 0) continue;
    errors.push(fieldError.invalid(`${path}[${name}].limits`, limit, `must be less than or equal to pod limits of ${podLimit}`));
  }
}
