import { item, list, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const matchCondition = message(
  'io.k8s.api.admissionregistration.v1.MatchCondition',
  'A test in CEL that a request must pass to be looked at.',
  () => ({
    name: string(1, 'Name of the test, unique in its list.', { required: true }),
    expression: string(2, 'Expression over object, oldObject, request and authorizer; true means look at it.', { required: true }),
  }),
);
export interface MatchCondition extends Of<typeof matchCondition> {}

export const ruleWithOperations = message(
  'io.k8s.api.admissionregistration.v1.RuleWithOperations',
  'Requests by operation, group, version and resource; all four must match.',
  () => ({
    operations: list(item.string(), 1, 'CREATE, UPDATE, DELETE, CONNECT, or * for all.', {
      listType: 'atomic',
      itemEnum: ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'],
    }),
    apiGroups: list(item.string(), [2, 1], 'Groups of the resources; * is all.', { listType: 'atomic' }),
    apiVersions: list(item.string(), [2, 2], 'Versions of the resources; * is all.', { listType: 'atomic' }),
    resources: list(item.string(), [2, 3], 'Resources, with subresources as pods/log; * is all without subresources, */* with them.', {
      listType: 'atomic',
    }),
    scope: string([2, 4], 'Cluster, Namespaced, or * (the default) for both.', { pointer: true }),
  }),
);
export interface RuleWithOperations extends Of<typeof ruleWithOperations> {}
