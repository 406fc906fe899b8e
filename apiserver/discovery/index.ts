// What is served, as documents: groups, versions, resources, and the version of the server.
export { createDiscovery, type Discovery, type DiscoveryOptions, type DocumentResponse } from './discovery.ts';
export { GIT_VERSION, versionInfo } from './version.ts';
