export * as apiextensionsKinds from './apiextensions.ts';
export * as appsKinds from './apps.ts';
export * as authenticationKinds from './authentication.ts';
export * as authorizationKinds from './authorization.ts';
export * as coordinationKinds from './coordination.ts';
export * as coreKinds from './core.ts';
export * as rbacKinds from './rbac.ts';
export * as storageKinds from './storage.ts';
