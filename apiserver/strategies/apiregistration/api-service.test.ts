import { expect, it } from 'vitest';
import { apiregistrationKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { apiServiceStrategy } from './api-service.ts';

const services = new StrategyHarness(apiServiceStrategy, apiregistrationKinds.apiservices);
const metadata = { name: 'v1.x.example.com' };
const spec = { group: 'x.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 };
const service = { namespace: 'n', name: 's' };

it('what is served here is available at once; what is not has yet to be', () => {
  const local = services.stored({ metadata, spec });
  const condition = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
  expect(local.status).toEqual({ conditions: [{ ...condition, lastTransitionTime: '2024-01-01T00:00:00Z' }] });
  expect(services.row(local).slice(0, 3)).toEqual(['v1.x.example.com', 'Local', 'True']);
  const remote = services.stored({ metadata, spec: { ...spec, service }, status: { conditions: [condition] } });
  expect(remote).toMatchObject({ spec: { service: { port: 443 } }, status: {} });
  expect(services.row(remote).slice(1, 3)).toEqual(['n/s', 'Unknown']);
});

it('shows why it is not available', () => {
  const conditions = [{ type: 'Available', status: 'False', reason: 'ServiceNotFound' }];
  const { object, errors } = services.patch(
    services.stored({ metadata, spec: { ...spec, service } }),
    { metadata: { labels: { a: 'b' } }, status: { conditions } },
    'status',
  );
  expect(errors).toEqual([]);
  expect(object.metadata.labels).toBeUndefined();
  expect(services.row(object)[2]).toBe('False (ServiceNotFound)');
  expect(services.patch(object, { status: { conditions: [{ type: 'Available', status: 'Maybe' }] } }, 'status').errors).toEqual([
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  ]);
});

it('is named after its group and version, and has no certificates of itself', () => {
  const errorsOf = (change: object, name = 'v1.x.example.com') =>
    services.create({ metadata: { name }, spec: { ...spec, ...change } }).errors;
  expect(errorsOf({}, 'v2.x.example.com')).toEqual([
    'metadata.name: Invalid value: "v2.x.example.com": must be `spec.version+"."+spec.group`: "v1.x.example.com"',
  ]);
  expect(services.create({ metadata: { name: 'v1.x.example.com', generateName: 'v' }, spec }).errors).toEqual([
    'metadata.generateName: Invalid value: "v": must be `spec.version+"."+spec.group`: "v1.x.example.com"',
  ]);
  expect(errorsOf({}, '')).toEqual([]); // the registry says that it has no name
  expect(errorsOf({ caBundle: 'AAAA', insecureSkipTLSVerify: true })).toEqual([
    'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
    'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
  ]);
  expect(errorsOf({ service: { ...service, port: 70_000 } })).toEqual([
    'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
  ]);
});
