import type { KindInfo, KubeObject, LabelSelector } from '../../api/index.ts';

const GROUP = 'simulation.nanokube.io';

/** How pods and nodes that a selector chooses are to behave. */
export interface SimulationPolicy extends KubeObject {
  readonly spec?:
    | {
        readonly podSelector?: (LabelSelector & { readonly namespaces?: readonly string[] | undefined }) | undefined;
        readonly pods?: Readonly<Record<string, string | number | boolean>> | undefined;
        readonly nodeSelector?: (LabelSelector & { readonly names?: readonly string[] | undefined }) | undefined;
        readonly nodes?: Readonly<Record<string, string | number | boolean>> | undefined;
      }
    | undefined;
}

export const SIMULATION_POLICIES: KindInfo = {
  group: GROUP,
  version: 'v1alpha1',
  kind: 'SimulationPolicy',
  resource: 'simulationpolicies',
  singular: 'simulationpolicy',
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  subresources: [],
};

const text = (description: string) => ({ type: 'string', description });
const flag = (description: string) => ({ type: 'boolean', description });
const whole = (description: string) => ({ type: 'integer', minimum: 0, description });

const SELECTOR = {
  matchLabels: { type: 'object', additionalProperties: { type: 'string' } },
  matchExpressions: {
    type: 'array',
    items: {
      type: 'object',
      required: ['key', 'operator'],
      properties: { key: { type: 'string' }, operator: { type: 'string' }, values: { type: 'array', items: { type: 'string' } } },
    },
  },
};

const POD_FIELDS = {
  containers: text('Names of the containers this is about, with commas between; all unless given.'),
  startDelay: text('The program begins so much later, e.g. 5s.'),
  exitAfter: text('The container ends after this time.'),
  exitCode: whole('The code it ends with.'),
  crashProbability: { type: 'number', minimum: 0, maximum: 1, description: 'Chance of ending after each start.' },
  crashWithin: text('The time in which that happens.'),
  ready: text('never, always, or 10s/5s: ready for so long, then not.'),
  stopDelay: text('A request to end reaches it so much later.'),
  ignoreTerm: flag('Requests to end do nothing.'),
  cpu: text('Use of processors: 500m, or points in time such as 0s=100m, 30s=1 / 1m.'),
  memory: text('Use of memory, in the same way.'),
  imagePullError: text('The pull of its images fails with this text.'),
  imagePullDelay: text('The pull of its images takes so much longer.'),
  logLine: text('A line that it writes.'),
  logRate: { type: 'number', minimum: 0, description: 'How often a second it writes the line.' },
};

const NODE_FIELDS = {
  stopHeartbeats: flag('The node says nothing of itself; its pods go on.'),
  networkCut: flag('Nothing gets to the node or from it; its pods go on.'),
  down: flag('Nothing runs; when that ends, the node boots.'),
  diskUsed: text('How much of the disk somebody has filled: 90Gi, or 95%.'),
  memoryUsed: text('How much memory the node itself uses.'),
  processes: whole('How many processes the node itself has.'),
  clockSkew: text('How far its clock is ahead, or behind: -5m.'),
  reboot: text('Each new text is a boot.'),
  shutdown: text('Each new text is a shutdown that gives pods this long, and critical ones: 30s,10s; or by priority: 0=30s,1000=20s.'),
};

const object = (properties: object, description: string) => ({ type: 'object', description, properties });

const definition = (info: KindInfo, schema: object, columns: object[] = []) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${info.resource}.${info.group}`,
    // For groups of Kubernetes' own community, the API server asks who has agreed.
    ...(info.group.endsWith('.k8s.io') ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, for simulated nodes' } } : {}),
  },
  spec: {
    group: info.group,
    scope: 'Cluster',
    names: { plural: info.resource, singular: info.singular, kind: info.kind, listKind: `${info.kind}List` },
    versions: [{ name: info.version, served: true, storage: true, schema: { openAPIV3Schema: schema }, additionalPrinterColumns: columns }],
  },
});

export const POLICY_DEFINITION = definition(
  SIMULATION_POLICIES,
  object(
    {
      spec: object(
        {
          podSelector: object(
            { ...SELECTOR, namespaces: { type: 'array', items: { type: 'string' } } },
            'The pods this is about: by labels and namespaces.',
          ),
          pods: object(POD_FIELDS, 'How they behave.'),
          nodeSelector: object(
            { ...SELECTOR, names: { type: 'array', items: { type: 'string' } } },
            'The nodes this is about: by labels and names.',
          ),
          nodes: object(NODE_FIELDS, 'What befalls them.'),
        },
        'Whom it is about, and how they behave.',
      ),
    },
    'How simulated pods and nodes behave.',
  ),
);

export const STAGES: KindInfo = {
  group: 'kwok.x-k8s.io',
  version: 'v1alpha1',
  kind: 'Stage',
  resource: 'stages',
  singular: 'stage',
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  subresources: [],
};

const FREE = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** KWOK's own checks are not ours to make: what is not understood is told of when it is read. */
export const STAGE_DEFINITION = definition(
  STAGES,
  object({ spec: FREE, status: FREE }, 'A step in the life of an object, as KWOK has it.'),
);
