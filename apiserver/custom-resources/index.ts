export { type CustomResourcesOptions, createCustomResources } from './custom-resources.ts';
