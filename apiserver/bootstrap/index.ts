// The objects a cluster begins with.
export { type BootstrapOptions, createBootstrap } from './bootstrap.ts';
export { defaultAdvertiseAddress, type ServiceAddress } from './system-objects.ts';
