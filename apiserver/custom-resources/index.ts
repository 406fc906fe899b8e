export { ConversionMetrics } from './conversion/conversion-metrics.ts';
export { type CustomResourcesOptions, createCustomResources } from './custom-resources.ts';
