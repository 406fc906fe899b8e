export { metricsHandlers } from './handlers.ts';
