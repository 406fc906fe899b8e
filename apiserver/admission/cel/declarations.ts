// The variables that expressions of admission see, and their types (apiserver, `pkg/admission/plugin/cel/compile.go`).
import { AUTHORIZER_TYPE, celTypes, type FieldTypes, RESOURCE_CHECK_TYPE } from '../../../api/cel.ts';

const { BOOL, DYN, INT, STRING, TIMESTAMP, listOf, mapOf, struct } = celTypes;
type CelType = celTypes.CelType;

/** Names of variables. */
export const VARIABLE = {
  object: 'object',
  oldObject: 'oldObject',
  params: 'params',
  request: 'request',
  namespaceObject: 'namespaceObject',
  authorizer: 'authorizer',
  requestResource: 'authorizer.requestResource',
  variables: 'variables',
} as const;

export const VARIABLES_TYPE = 'kubernetes.variables';

/** The types of `request` and `namespaceObject`; `UID` is upstream's spelling, under which no value has it. */
export const ADMISSION_TYPES: Readonly<Record<string, FieldTypes>> = {
  'kubernetes.GroupVersionKind': { group: STRING, version: STRING, kind: STRING },
  'kubernetes.GroupVersionResource': { group: STRING, version: STRING, resource: STRING },
  'kubernetes.UserInfo': {
    username: STRING,
    uid: STRING,
    groups: listOf(STRING),
    extra: mapOf(STRING, listOf(STRING)),
  },
  'kubernetes.AdmissionRequest': {
    kind: struct('kubernetes.GroupVersionKind'),
    resource: struct('kubernetes.GroupVersionResource'),
    subResource: STRING,
    requestKind: struct('kubernetes.GroupVersionKind'),
    requestResource: struct('kubernetes.GroupVersionResource'),
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: struct('kubernetes.UserInfo'),
    dryRun: BOOL,
    options: DYN,
  },
  'kubernetes.NamespaceSpec': { finalizers: listOf(STRING) },
  'kubernetes.NamespaceCondition': {
    status: STRING,
    type: STRING,
    lastTransitionTime: TIMESTAMP,
    message: STRING,
    reason: STRING,
  },
  'kubernetes.NamespaceStatus': { conditions: listOf(struct('kubernetes.NamespaceCondition')), phase: STRING },
  'kubernetes.NamespaceMetadata': {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: mapOf(STRING, STRING),
    annotations: mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listOf(STRING),
  },
  'kubernetes.Namespace': {
    metadata: struct('kubernetes.NamespaceMetadata'),
    spec: struct('kubernetes.NamespaceSpec'),
    status: struct('kubernetes.NamespaceStatus'),
  },
};

/** Which of the variables there are that not every expression has. */
export interface Declared {
  /** The policy has parameters. */
  readonly params?: boolean | undefined;
  /** The expression may ask what the user may do. */
  readonly authorizer?: boolean | undefined;
}

/** The variables of an expression, by name. @param object the type of `object` and `oldObject`. */
export function admissionVariables({ params, authorizer }: Declared, object: CelType = DYN): Map<string, CelType> {
  const variables = new Map<string, CelType>([
    [VARIABLE.object, object],
    [VARIABLE.oldObject, object],
    [VARIABLE.namespaceObject, struct('kubernetes.Namespace')],
    [VARIABLE.request, struct('kubernetes.AdmissionRequest')],
  ]);
  if (params) variables.set(VARIABLE.params, DYN);
  if (authorizer) variables.set(VARIABLE.authorizer, AUTHORIZER_TYPE).set(VARIABLE.requestResource, RESOURCE_CHECK_TYPE);
  return variables;
}
