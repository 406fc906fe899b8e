import type { Plugin } from './plugin.ts';

/** The points whose evaluations are counted. */
export const EVALUATED_POINTS = ['preFilter', 'filter', 'preScore', 'score'] as const;

export type EvaluatedPoint = (typeof EVALUATED_POINTS)[number];

/** How often plugins have been asked; what was remembered and not asked again is not counted. Upstream: `instrumented_plugins.go`. */
export class Evaluations {
  readonly #counts: Readonly<Record<EvaluatedPoint, Map<string, number>>> = {
    preFilter: new Map(),
    filter: new Map(),
    preScore: new Map(),
    score: new Map(),
  };

  add(point: EvaluatedPoint, { name }: Plugin, count: number): void {
    if (count > 0) this.#counts[point].set(name, (this.#counts[point].get(name) ?? 0) + count);
  }

  of(point: EvaluatedPoint): ReadonlyMap<string, number> {
    return this.#counts[point];
  }
}
