import type { StrategyOptions, StrategyTable } from '../registry/strategy.ts';
import { resourceStrategies } from './resources.ts';
import { storageAndNetworkStrategies } from './storage-and-network.ts';
import { workloadStrategies } from './workloads.ts';

/** The strategies of every built-in kind. */
export const createStrategies = (options: StrategyOptions): StrategyTable =>
  new Map([...workloadStrategies(), ...resourceStrategies(options), ...storageAndNetworkStrategies()]);

export { validateBinding } from '../validation/references.ts';
export { bindPod } from './core/pod-binding.ts';
