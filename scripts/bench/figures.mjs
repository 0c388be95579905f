/** The value below which `share` of the samples lie. */
export function quantile(samples, share) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

/** The middle sample; between two, their mean. */
export const median = (samples) => (quantile(samples, 0.5) + quantile(samples, 0.5 + 1 / (2 * samples.length))) / 2;

/** Median with the lowest and the highest sample. */
export function spread(samples, digits = 0) {
  const show = (value) => value.toFixed(digits);
  return `${show(median(samples))} (${show(Math.min(...samples))}–${show(Math.max(...samples))})`;
}

/**
 * Ratio of two things that were measured in turn: the median of the ratios of the rounds, so that a disturbance that
 * lasts hits both sides alike.
 */
export function pairedRatio(ours, theirs) {
  return median(ours.map((value, round) => value / theirs[round]));
}

export const MIB = 2 ** 20;

/** How long `work` takes, in milliseconds. */
export async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
