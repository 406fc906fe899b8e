import type { StrategyOptions, StrategyTable } from '../registry/strategy.ts';
import { admissionStrategies } from './admission.ts';
import type { PolicyAccess } from './admissionregistration/policy-access.ts';
import { resourceStrategies } from './resources.ts';
import { storageAndNetworkStrategies } from './storage-and-network.ts';
import { workloadStrategies } from './workloads.ts';

/** The strategies of every built-in kind. @param access what authors of admission policies may do. */
export const createStrategies = (options: StrategyOptions, access: PolicyAccess): StrategyTable =>
  new Map([
    ...workloadStrategies(),
    ...resourceStrategies(options),
    ...storageAndNetworkStrategies(),
    ...admissionStrategies(access, options.objects),
  ]);

export { validateBinding } from '../validation/references.ts';
export { bindPod } from './core/pod-binding.ts';
