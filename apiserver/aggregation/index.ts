// Other API servers: which part of the API is theirs, whether they can be reached, and how requests are passed on to them.
export { type AggregationSettings, Aggregator, type AggregatorOptions } from './aggregator.ts';
export type { ProxyCertificate } from './remote-client.ts';
