import { CONTROLLER_ROLES } from './rbac-controller-roles.ts';
import type { BindingSpec } from './rbac-spec.ts';

/**
 * The controller manager does the work of all its controllers as one user, where upstream has a service account for each
 * (`--use-service-account-credentials`). So that user has the roles of all of them, and nothing more.
 */
export const CONTROLLER_MANAGER_BINDINGS: readonly BindingSpec[] = CONTROLLER_ROLES.map(({ name }) => ({
  name: name.replace('system:', 'system:nanokube:'),
  role: name,
  to: ['user:system:kube-controller-manager'],
}));
