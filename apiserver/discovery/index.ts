// What is served, as documents: groups, versions, resources, and the version of the server.
export { createDiscovery, type Discovery, type DiscoveryOptions, type DocumentResponse, type VersionOwners } from './discovery.ts';
export type { RemoteVersion } from './documents.ts';
export { type RankedVersion, rankedVersionsOf, serviceName } from './groups.ts';
export { builtInPriority, CUSTOM_PRIORITY, OWN_GROUP } from './priorities.ts';
export { EMULATION_VERSION, GIT_VERSION, versionInfo } from './version.ts';
