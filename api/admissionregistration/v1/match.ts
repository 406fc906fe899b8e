import { item, list, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const matchCondition = message('io.k8s.api.admissionregistration.v1.MatchCondition', '', () => ({
  name: string(1, '', { required: true }),
  expression: string(2, '', { required: true }),
}));
export interface MatchCondition extends Of<typeof matchCondition> {}

export const ruleWithOperations = message('io.k8s.api.admissionregistration.v1.RuleWithOperations', '', () => ({
  operations: list(item.string(), 1, '', { listType: 'atomic', itemEnum: ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'] }),
  apiGroups: list(item.string(), [2, 1], '', { listType: 'atomic' }),
  apiVersions: list(item.string(), [2, 2], '', { listType: 'atomic' }),
  resources: list(item.string(), [2, 3], '', { listType: 'atomic' }),
  scope: string([2, 4], '', { pointer: true }),
}));
export interface RuleWithOperations extends Of<typeof ruleWithOperations> {}
