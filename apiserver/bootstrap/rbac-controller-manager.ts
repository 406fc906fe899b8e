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

/** The same for the roles that its controllers have in the namespaces of the system. */
export const CONTROLLER_MANAGER_NAMESPACE_BINDINGS: readonly BindingSpec[] = [
  ['kube-public', 'bootstrap-signer'],
  ['kube-system', 'bootstrap-signer'],
  ['kube-system', 'token-cleaner'],
].map(([namespace = '', name = '']) => ({
  namespace,
  name: `system:nanokube:controller:${name}`,
  role: `system:controller:${name}`,
  to: ['user:system:kube-controller-manager'],
}));
