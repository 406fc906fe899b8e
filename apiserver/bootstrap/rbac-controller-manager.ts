import type { BindingSpec } from './rbac-spec.ts';

/**
 * The controller manager does the work of all its controllers as one user, instead of as a service account for each. What those accounts
 * may do, taken together (delete anything, grant any role by aggregation), is what a cluster administrator may.
 */
export const CONTROLLER_MANAGER_BINDING: BindingSpec = {
  name: 'system:nanokube:controller-manager',
  role: 'cluster-admin',
  to: ['user:system:kube-controller-manager'],
};
