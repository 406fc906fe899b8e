import { equalJson } from '../../client/index.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { Amounts, PodInfo } from '../state/pod-info.ts';
import type { CycleState } from './cycle-state.ts';
import type { PluginAt } from './extension-points.ts';
import type { Rejection } from './status.ts';

/** Templates whose answers are kept; the one not asked for longest goes first. */
const TEMPLATES_MAX = 8;
const SLOTS = 64;

/** Whether node-local plugins cannot tell two pods apart: all that they look at is alike. */
export const areAlike = (a: PodInfo, b: PodInfo): boolean =>
  a.priority === b.priority &&
  isSame(a.scored, b.scored) &&
  areSameAmounts(a.requests, b.requests) &&
  isSame(a.hostPorts, b.hostPorts) &&
  a.pod.spec.nodeName === b.pod.spec.nodeName &&
  isSame(a.pod.spec.nodeSelector, b.pod.spec.nodeSelector) &&
  isSame(a.pod.spec.affinity, b.pod.spec.affinity) &&
  isSame(a.pod.spec.tolerations, b.pod.spec.tolerations);

/** Informers mostly make equal parts one part. */
const isSame = (a: unknown, b: unknown): boolean => a === b || equalJson(a, b);

function areSameAmounts(a: Readonly<Amounts>, b: Readonly<Amounts>): boolean {
  if (a === b) return true;
  if (a.milliCpu !== b.milliCpu || a.memory !== b.memory || a.ephemeralStorage !== b.ephemeralStorage) return false;
  return a.scalars.size === b.scalars.size && [...a.scalars].every(([name, amount]) => b.scalars.get(name) === amount);
}

/**
 * What node-local plugins said of each node for the pods of one template: as long as the node has not changed, they would say it again. The pods of
 * a Deployment come one after the other, and between two of them one node has changed. Only nodes of the snapshot are remembered, by their
 * slots; copies that things are tried out on are not.
 */
export class TemplateMemo {
  readonly #verdicts: (Rejection | undefined)[] = [];
  #judgedAt = new Float64Array(SLOTS).fill(-1);
  readonly #scores = new Map<string, NodeScores>();

  /** Whether it is known what was said of the node as it is now. */
  knows({ slot, generation }: NodeInfo): boolean {
    return this.#judgedAt[slot] === generation;
  }

  verdictOn({ slot }: NodeInfo): Rejection | undefined {
    return this.#verdicts[slot];
  }

  tell({ slot, generation }: NodeInfo, verdict: Rejection | undefined): void {
    this.#judgedAt = withRoom(this.#judgedAt, slot);
    this.#judgedAt[slot] = generation;
    this.#verdicts[slot] = verdict;
  }

  /** What a plugin scores nodes with, before it is normalized. */
  scores(scoring: Scoring, pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
    const { name } = scoring.plugin;
    let scores = this.#scores.get(name);
    if (!scores) {
      scores = new NodeScores();
      this.#scores.set(name, scores);
    }
    return scores.of(scoring, pod, nodes);
  }
}

/** One plugin's scoring in one cycle. */
export interface Scoring {
  readonly plugin: PluginAt<'score'>;
  readonly state: CycleState;
  /** Told how many nodes the plugin was asked about. */
  asked(count: number): void;
}

/** The scores of one plugin. */
class NodeScores {
  #scores = new Float64Array(SLOTS);
  #scoredAt = new Float64Array(SLOTS).fill(-1);

  of({ plugin, state, asked }: Scoring, pod: PodInfo, nodes: readonly NodeInfo[]): number[] {
    let count = 0;
    const scores = new Array<number>(nodes.length).fill(0);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i];
      if (!node) continue;
      const { slot, generation } = node;
      if (this.#scoredAt[slot] !== generation) {
        this.#put(slot, generation, plugin.score(state, pod, node));
        count++;
      }
      scores[i] = this.#scores[slot] ?? 0;
    }
    asked(count);
    return scores;
  }

  #put(slot: number, generation: number, score: number): void {
    this.#scoredAt = withRoom(this.#scoredAt, slot);
    this.#scores = withRoom(this.#scores, slot);
    this.#scoredAt[slot] = generation;
    this.#scores[slot] = score;
  }
}

/** The same numbers, with a place for the slot; -1 where there was none. */
function withRoom(numbers: Float64Array<ArrayBuffer>, slot: number): Float64Array<ArrayBuffer> {
  if (slot < numbers.length) return numbers;
  const larger = new Float64Array(Math.max(slot + 1, 2 * numbers.length)).fill(-1);
  larger.set(numbers);
  return larger;
}

/** The memos of the templates that were scheduled last. */
export class TemplateMemos {
  /** The last one first. */
  readonly #templates: { readonly pod: PodInfo; memo: TemplateMemo | undefined }[] = [];

  /** @returns nothing for the first pod of a template: it may be the only one. */
  of(pod: PodInfo): TemplateMemo | undefined {
    const at = this.#templates.findIndex((template) => areAlike(template.pod, pod));
    const [known] = at < 0 ? [] : this.#templates.splice(at, 1);
    this.#templates.unshift(known ?? { pod, memo: undefined });
    if (!known) {
      this.#templates.length = Math.min(this.#templates.length, TEMPLATES_MAX);
      return undefined;
    }
    known.memo ??= new TemplateMemo();
    return known.memo;
  }
}
