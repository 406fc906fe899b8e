import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../runtime/index.ts';
import { VictimMemo } from '../plugins/preemption/victim-memo.ts';
import { victimsOn } from '../plugins/preemption/victims.ts';
import type { NodeInfo } from '../state/node-info.ts';
import { type PodInfo, podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import { CycleState } from './cycle-state.ts';
import type { Verdict } from './status.ts';
import { areAlike } from './template-memo.ts';

const SEED = 20261121;
const NODES = 12;
const STEPS = 600;

const TEMPLATES: readonly ((name: string) => PodBuilder)[] = [
  (name) => aPod(name).requests('1', '1Gi'),
  (name) => aPod(name).requests('2', '1Gi').selecting({ disk: 'ssd' }),
  (name) => aPod(name).requests('1', '2Gi').tolerating({ key: 'k', operator: 'Exists' }).preferring('disk', 'ssd', 5),
  (name) => aPod(name).requests('3', '1Gi').priority(10),
  (name) => aPod(name).hostPort(80).priority(20),
  (name) => aPod(name).requests('1', '1Gi').labelled({ app: 'a' }).with({ affinity: AWAY }),
];
const AWAY = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app: 'a' } }, topologyKey: 'kubernetes.io/hostname', namespaces: ['default'] },
    ],
  },
};

/** A cluster in which something changes with every step. */
class World {
  readonly placement = new Placement();
  readonly #random: Random;
  readonly #pods: string[] = [];
  readonly #planned: string[] = [];
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
    for (let i = 0; i < NODES; i++) this.placement.cache.setNode(this.#node(i).build());
  }

  /** A pod of one of the templates. */
  pod(): PodInfo {
    return podInfoOf(this.#draw(TEMPLATES)(`p${this.#count++}`).build());
  }

  step(): void {
    const { cache, nominator } = this.placement;
    const name = `node-${this.#random.integer(NODES)}`;
    const actions = [
      () => this.#place(name),
      () => this.#place(name),
      () => cache.removePod(this.#takeFrom(this.#pods)),
      () => cache.setNode(this.#node(Number(name.slice('node-'.length))).build()),
      () => cache.removeNode(name),
      () => this.#plan(name),
      () => nominator.delete(this.#takeFrom(this.#planned)),
    ];
    this.#draw(actions)();
  }

  #place(nodeName: string): void {
    const info = this.pod();
    this.#pods.push(info.uid);
    this.placement.cache.assume(info, nodeName);
  }

  #plan(nodeName: string): void {
    const info = this.pod();
    this.#planned.push(info.uid);
    this.placement.nominator.set(info, nodeName);
  }

  #node(i: number): NodeBuilder {
    const node = aNode(`node-${i}`).labelled({ 'kubernetes.io/hostname': `node-${i}`, disk: this.#draw(['ssd', 'hdd']) });
    if (this.#random.integer(4) === 0) node.tainted('k', 'v', this.#draw(['NoSchedule', 'PreferNoSchedule']));
    return node.offering({ cpu: this.#draw(['2', '4']), memory: this.#draw(['4Gi', '8Gi']), pods: '4' });
  }

  #takeFrom(list: string[]): string {
    return list.splice(this.#random.integer(list.length), 1)[0] ?? '';
  }

  #draw<T>(items: readonly T[]): T {
    return items[this.#random.integer(items.length)] as T;
  }
}

const textOf = (verdict: Verdict) => verdict && `${verdict.code} ${verdict.plugin} ${verdict.reasons}`;

/** What is said of each node, by what is remembered and by asking again. */
function compare({ placement: { profile, cache } }: World, info: PodInfo, victims: VictimMemo): void {
  const state = new CycleState();
  if (profile.preFilter(state, info, cache).rejection) return;
  const nodes = [...cache.nodes];
  const asked = (filter: (node: NodeInfo) => Verdict) => nodes.map((node) => textOf(filter(node)));
  expect(asked((node) => profile.filterRemembered(state, info, node))).toEqual(
    asked((node) => profile.filterWithNominated(state, info, node)),
  );
  const search = { framework: profile, state, pod: info, budgets: [] };
  const remembered = victims.searching(search);
  for (const node of nodes) expect(remembered(node)).toEqual(victimsOn(node, search));
  const scores = profile.score(state, info, nodes);
  state.memo = undefined;
  expect(scores).toEqual(profile.score(state, info, nodes));
}

describe('what is remembered of nodes', () => {
  it.each([SEED, SEED + 1, SEED + 2])('is what they would say again, whatever has changed: seed %i', (seed) => {
    const world = new World(seededRandom(seed));
    const victims = new VictimMemo();
    for (let i = 0; i < STEPS; i++) {
      world.step();
      compare(world, world.pod(), victims);
    }
  });

  it('does not count the plan of the pod itself', () => {
    const { cache, nominator, profile } = new Placement().with([aNode('a').offering({ cpu: '2', memory: '4Gi', pods: '9' })]);
    const [p, q] = ['p', 'q'].map((name) => podInfoOf(aPod(name).requests('2', '1Gi').build()));
    if (!p || !q) throw new Error('two pods');
    const verdicts = () =>
      [p, q, p, q].map((info) => {
        const state = new CycleState();
        profile.preFilter(state, info, cache);
        return cache.nodes.map((node) => profile.filterRemembered(state, info, node)?.reasons);
      });
    expect(verdicts().flat()).toEqual([undefined, undefined, undefined, undefined]);
    nominator.set(p, 'a');
    const short = ['Insufficient cpu'];
    expect(verdicts().flat()).toEqual([undefined, short, undefined, short]);
  });

  it('is of pods that plugins cannot tell apart', () => {
    const of = (build: (pod: PodBuilder) => PodBuilder) => podInfoOf(build(aPod('p')).build());
    const plain = of((pod) => pod.requests('1', '1Gi'));
    expect(areAlike(plain, podInfoOf(aPod('q').in('other').requests('1000m', '1Gi').build()))).toBe(true);
    const others = [
      of((pod) => pod.requests('2', '1Gi')),
      of((pod) => pod.asking({ cpu: '1', memory: '1Gi', 'example.com/gpu': '1' })),
      of((pod) => pod.requests('1', '1Gi').priority(1)),
      of((pod) => pod.requests('1', '1Gi').hostPort(80)),
      of((pod) => pod.requests('1', '1Gi').selecting({ a: 'b' })),
      of((pod) => pod.requests('1', '1Gi').tolerating({ key: 'k' })),
      of((pod) => pod.requests('1', '1Gi').preferring('a', 'b', 1)),
    ];
    for (const other of others) expect(areAlike(plain, other)).toBe(false);
  });
});
