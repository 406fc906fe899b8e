import type {
  FlowSchema,
  GroupSubject,
  LimitedPriorityLevelConfiguration,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
  ResourcePolicyRule,
} from '../../api/index.ts';

/*
 * The flow control objects of a new cluster. Upstream: apiserver/pkg/apis/flowcontrol/bootstrap/default.go. The mandatory ones always hold,
 * whatever is stored; the suggested ones are the administrator's to change.
 */

/** Says whether a suggested object follows what is suggested. */
export const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';

/** The mandatory level, and the mandatory schema, that nothing holds back. */
export const EXEMPT = 'exempt';
/** The mandatory level, and the mandatory schema, of what nothing else takes. */
export const CATCH_ALL = 'catch-all';

type FlowSubject = NonNullable<PolicyRulesWithSubjects['subjects']>[number];

const group = (name: GroupSubject['name']): FlowSubject => ({ kind: 'Group', group: { name } });
const user = (name: string): FlowSubject => ({ kind: 'User', user: { name } });
const kubeSystemAccounts: FlowSubject = { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } };

const MASTERS = group('system:masters');
const NODES = group('system:nodes');
const EVERYBODY = [group('system:unauthenticated'), group('system:authenticated')];
const CONTROLLER_MANAGER = user('system:kube-controller-manager');
const SCHEDULER = user('system:kube-scheduler');

const ANY_RESOURCE: ResourcePolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const ANYTHING = { resourceRules: [ANY_RESOURCE], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] };

interface SchemaFacts {
  readonly level: string;
  readonly precedence: number;
  readonly by?: 'ByUser' | 'ByNamespace' | undefined;
  readonly rule: PolicyRulesWithSubjects;
}

const schema = (name: string, { level, precedence, by, rule }: SchemaFacts): FlowSchema => ({
  metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
  spec: {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: precedence,
    distinguisherMethod: by && { type: by },
    rules: [rule],
  },
  status: {},
});

const level = (name: string, spec: PriorityLevelConfigurationSpec): PriorityLevelConfiguration => ({
  metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } },
  spec,
  status: {},
});

const limited = (name: string, config: LimitedPriorityLevelConfiguration): PriorityLevelConfiguration =>
  level(name, { type: 'Limited', limited: config });

/** A level whose requests wait. */
const queued = (name: string, shares: number, lendablePercent: number, queuing: QueuingConfiguration): PriorityLevelConfiguration =>
  limited(name, { nominalConcurrencyShares: shares, lendablePercent, limitResponse: { type: 'Queue', queuing } });

const QUEUES_16: QueuingConfiguration = { queues: 16, handSize: 4, queueLengthLimit: 50 };
const QUEUES_64: QueuingConfiguration = { queues: 64, handSize: 6, queueLengthLimit: 50 };
const QUEUES_128: QueuingConfiguration = { queues: 128, handSize: 6, queueLengthLimit: 50 };

export const EXEMPT_LEVEL = level(EXEMPT, { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } });

export const CATCH_ALL_LEVEL = limited(CATCH_ALL, {
  nominalConcurrencyShares: 5,
  lendablePercent: 0,
  limitResponse: { type: 'Reject' },
});

export const EXEMPT_SCHEMA = schema(EXEMPT, { level: EXEMPT, precedence: 1, rule: { subjects: [MASTERS], ...ANYTHING } });

export const CATCH_ALL_SCHEMA = schema(CATCH_ALL, {
  level: CATCH_ALL,
  precedence: 10_000,
  by: 'ByUser',
  rule: { subjects: EVERYBODY, ...ANYTHING },
});

export const MANDATORY_LEVELS: readonly PriorityLevelConfiguration[] = [CATCH_ALL_LEVEL, EXEMPT_LEVEL];
export const MANDATORY_SCHEMAS: readonly FlowSchema[] = [EXEMPT_SCHEMA, CATCH_ALL_SCHEMA];

export const SUGGESTED_LEVELS: readonly PriorityLevelConfiguration[] = [
  queued('system', 30, 33, QUEUES_64),
  queued('node-high', 40, 25, QUEUES_64),
  queued('leader-election', 10, 0, QUEUES_16),
  queued('workload-high', 40, 50, QUEUES_128),
  queued('workload-low', 100, 90, QUEUES_128),
  queued('global-default', 20, 50, QUEUES_128),
];

const LEASES = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };

export const SUGGESTED_SCHEMAS: readonly FlowSchema[] = [
  schema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser', rule: { subjects: [NODES], ...ANYTHING } }),
  schema('system-node-high', {
    level: 'node-high',
    precedence: 400,
    by: 'ByUser',
    rule: {
      subjects: [NODES],
      resourceRules: [
        { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
        { verbs: ['*'], ...LEASES },
      ],
    },
  }),
  schema('probes', {
    level: EXEMPT,
    precedence: 2,
    rule: { subjects: EVERYBODY, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  }),
  schema('system-leader-election', {
    level: 'leader-election',
    precedence: 100,
    by: 'ByUser',
    rule: {
      subjects: [CONTROLLER_MANAGER, SCHEDULER, kubeSystemAccounts],
      resourceRules: [{ verbs: ['get', 'create', 'update'], ...LEASES }],
    },
  }),
  ...[
    ['kube-controller-manager', CONTROLLER_MANAGER, 800] as const,
    ['kube-scheduler', SCHEDULER, 800] as const,
    ['kube-system-service-accounts', kubeSystemAccounts, 900] as const,
  ].map(([name, subject, precedence]) =>
    schema(name, { level: 'workload-high', precedence, by: 'ByNamespace', rule: { subjects: [subject], ...ANYTHING } }),
  ),
  schema('service-accounts', {
    level: 'workload-low',
    precedence: 9000,
    by: 'ByUser',
    rule: { subjects: [group('system:serviceaccounts')], ...ANYTHING },
  }),
  schema('global-default', {
    level: 'global-default',
    precedence: 9900,
    by: 'ByUser',
    rule: { subjects: EVERYBODY, ...ANYTHING },
  }),
];
