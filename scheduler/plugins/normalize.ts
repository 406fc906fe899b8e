/** Brings scores to 0…max, the largest getting `max`, in place. Upstream: `plugins/helper/normalize_score.go`. */
export function normalize(scores: number[], max: number): void {
  const top = Math.max(0, ...scores);
  if (top === 0) return;
  for (let i = 0; i < scores.length; i++) scores[i] = Math.trunc((max * (scores[i] ?? 0)) / top);
}

/** As {@link normalize}, but the smallest score is the best. */
export function normalizeReversed(scores: number[], max: number): void {
  const top = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) scores[i] = top === 0 ? max : max - Math.trunc((max * (scores[i] ?? 0)) / top);
}
