// The objects a cluster begins with.
export { type BootstrapOptions, createBootstrap } from './bootstrap.ts';
export { serverIdentity } from './identity-lease.ts';
export { MasterLeases } from './master-leases.ts';
export { NODE_RULES } from './rbac-roles.ts';
export { defaultAdvertiseAddress, isReachable, type ServiceAddress } from './system-objects.ts';
