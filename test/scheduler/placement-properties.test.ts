import { describe, expect, it } from 'vitest';
import { type KubeObject, keyOf, type Live, type Pod, type PodDisruptionBudget } from '../../api/index.ts';
import { seededRandom } from '../../runtime/index.ts';
import { asStored, ClusterState, kindOf, simulate, why } from '../../scheduler/index.ts';
import { RandomWorld } from './random-world.ts';
import { rejecting, totalScores, type World } from './reference.ts';

const SEED = 20261121;
const CLUSTERS = 500;

function stateOf({ nodes, pods, namespaces }: World, more: readonly KubeObject[] = []): ClusterState {
  const state = new ClusterState();
  const spaces = Object.entries(namespaces).map(([name, labels]) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
  for (const object of [...nodes, ...pods, ...spaces, ...more] as KubeObject[]) {
    const kind = kindOf(object);
    if (kind) state.add(kind, asStored(object, kind));
  }
  return state;
}

const protects = ({ metadata, spec }: PodDisruptionBudget, pod: Live<Pod>): boolean =>
  metadata.namespace === pod.metadata.namespace && spec?.selector?.matchLabels?.app === pod.metadata.labels?.app;

const evaluated = (world: World, pod: Live<Pod>) => {
  const feasible = world.nodes.filter((node) => rejecting(world, pod, node).length === 0);
  const scores = totalScores(world, pod, feasible);
  return { feasible, scores, best: Math.max(...scores) };
};

describe('the scheduler and the reference', () => {
  it(`agree on ${CLUSTERS} random clusters: only nodes that pass every filter are chosen, and of those one of the best`, async () => {
    const tally = { placed: 0, ties: 0, none: 0 };
    for (let i = 0; i < CLUSTERS; i++) {
      const random = new RandomWorld(seededRandom(SEED + i));
      const world = random.world(6 + (i % 7), 4 + (i % 17));
      const pod = random.pod();
      const [placement] = await simulate([pod], stateOf(world));
      const { feasible, scores, best } = evaluated(world, pod);
      const names = feasible.filter((_, k) => scores[k] === best).map(({ metadata }) => metadata.name);
      const about = `seed ${SEED + i}: best are ${names} with ${best}; scores ${feasible.map(({ metadata }, k) => `${metadata.name} ${scores[k]}`)}`;
      if (feasible.length === 0) {
        tally.none++;
        expect(placement?.nodeName, about).toBeUndefined();
      } else {
        tally.placed++;
        if (names.length > 1) tally.ties++;
        expect(names, about).toContain(placement?.nodeName);
      }
    }
    // Or the worlds are too easy, or too hard, to show anything.
    expect(tally.placed).toBeGreaterThan(CLUSTERS / 2);
    expect(tally.none).toBeGreaterThan(CLUSTERS / 20);
    expect(tally.ties).toBeGreaterThan(5);
  });

  it('agree on which plugin says no to which node', async () => {
    for (let i = 0; i < 200; i++) {
      const random = new RandomWorld(seededRandom(SEED * 2 + i));
      const world = random.world(8, 14);
      const pod = random.pod();
      const { nodes, rejection } = await why(pod, stateOf(world));
      if (rejection) continue;
      const said = Object.fromEntries(nodes.map(({ node, rejections }) => [node, rejections.map(({ plugin }) => plugin)]));
      const meant = Object.fromEntries(world.nodes.map((node) => [node.metadata.name, rejecting(world, pod, node)]));
      expect(said, `seed ${SEED * 2 + i}`).toEqual(meant);
    }
  });

  it('never over-commit a node, however many pods come', async () => {
    for (let i = 0; i < 40; i++) {
      const random = new RandomWorld(seededRandom(SEED * 3 + i));
      const empty = random.world(6, 0);
      const placed: Live<Pod>[] = [];
      const pods = Array.from({ length: 40 }, () => random.pod()).map((pod) => ({ ...pod, spec: { ...pod.spec, priority: 0 } }));
      for (const { pod, nodeName } of await simulate(pods, stateOf(empty))) {
        if (nodeName === undefined) continue;
        const world = { ...empty, pods: placed };
        const node = world.nodes.find(({ metadata }) => metadata.name === nodeName);
        expect(node && rejecting(world, pod, node), `seed ${SEED * 3 + i}, ${pod.metadata.name} on ${nodeName}`).toEqual([]);
        placed.push({ ...pod, spec: { ...pod.spec, nodeName } });
      }
      expect(placed.length).toBeGreaterThan(5);
    }
  });
});

/** The world without some pods. */
const without = (world: World, keys: readonly string[]): World => ({
  ...world,
  pods: world.pods.filter((one) => !keys.includes(keyOf(one))),
});

/** Whether some node can be made room on without touching a pod that any budget is about. */
function needsNoViolation(world: World, pod: Live<Pod>, budgets: readonly PodDisruptionBudget[]): boolean {
  return world.nodes.some((node) => {
    const here = world.pods.filter(({ spec }) => spec.nodeName === node.metadata.name);
    const free = here.filter((one) => !budgets.some((budget) => protects(budget, one))).map(keyOf);
    return rejecting(without(world, free), pod, node).length === 0;
  });
}

function checkVictims(world: World, pod: Live<Pod>, nodeName: string, victims: readonly string[]): void {
  const node = world.nodes.find(({ metadata }) => metadata.name === nodeName);
  if (!node) throw new Error('a node that is not there');
  expect(victims.length).toBeGreaterThan(0);
  expect(rejecting(without(world, victims), pod, node), 'it fits without them').toEqual([]);
  for (const kept of victims) {
    const others = victims.filter((key) => key !== kept);
    expect(rejecting(without(world, others), pod, node), `${kept} could stay`).not.toEqual([]);
  }
}

describe('preemption', async () => {
  const drawCase = async (_: unknown, i: number) => {
    const seed = SEED * 5 + i;
    const random = new RandomWorld(seededRandom(seed));
    const world = random.world(5, 25);
    const budgets = [random.budget(0), random.budget(1)];
    const drawn = random.pod();
    const pod: Live<Pod> = { ...drawn, spec: { ...drawn.spec, priority: 1000 } };
    const [placement] = await simulate([pod], stateOf(world, budgets));
    return { seed, world, budgets, pod, nodeName: placement?.nominatedNodeName, victims: placement?.victims ?? [] };
  };
  const drawn = await Promise.all(Array.from({ length: 400 }, drawCase));
  const cases = drawn.filter(({ nodeName }) => nodeName !== undefined);

  it('is put to the test', () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  it.each(cases)('deletes no more pods than are needed: $seed', ({ world, pod, nodeName = '', victims }) => {
    checkVictims(world, pod, nodeName, victims);
  });

  it.each(cases.filter(({ world, pod, budgets }) => needsNoViolation(world, pod, budgets)))('spares budgets where it can: $seed', (one) => {
    for (const budget of one.budgets) {
      const hit = one.world.pods.filter((pod) => one.victims.includes(keyOf(pod)) && protects(budget, pod));
      expect(hit.length).toBeLessThanOrEqual(budget.status?.disruptionsAllowed ?? 0);
    }
  });
});
