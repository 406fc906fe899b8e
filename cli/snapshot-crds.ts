// The kinds of `snapshot.storage.k8s.io/v1` as external-snapshotter 8.6 defines them (`client/config/crd`): fields, rules, columns, names.

const GROUP = 'snapshot.storage.k8s.io';
const PULLS = 'https://github.com/kubernetes-csi/external-snapshotter/pull';

type Schema = Readonly<Record<string, unknown>>;
/** Columns by their names: path and type. */
type Columns = Readonly<Record<string, readonly [path: string, type: string]>>;

const STRING: Schema = { type: 'string' };
const TIME: Schema = { type: 'string', format: 'date-time' };
const POLICY: Schema = { type: 'string', enum: ['Delete', 'Retain'], description: 'Whether what was taken goes with its object.' };
const OBJECT: Schema = { apiVersion: STRING, kind: STRING, metadata: { type: 'object' } };
const AGE: Columns[string] = ['.metadata.creationTimestamp', 'date'];
const QUANTITY = '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

const object = (properties: Schema, required: readonly string[] = [], rules: readonly Schema[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
  ...(rules.length > 0 ? { 'x-kubernetes-validations': rules } : {}),
});

const ruled = (schema: Schema, rule: string, message: string): Schema => ({ ...schema, 'x-kubernetes-validations': [{ rule, message }] });
const unchanging = (name: string): Schema => ruled(STRING, 'self == oldSelf', `${name} is immutable`);
const staying = (name: string): Schema => ({ rule: `!has(oldSelf.${name}) || has(self.${name})`, message: `${name} is required once set` });

/** A source is one of two, and stays what it is. */
const oneOf = (a: string, b: string): Schema =>
  object(
    { [a]: unchanging(a), [b]: unchanging(b) },
    [],
    [
      staying(a),
      staying(b),
      {
        rule: `(has(self.${a}) && !has(self.${b})) || (!has(self.${a}) && has(self.${b}))`,
        message: `exactly one of ${a} and ${b} must be set`,
      },
    ],
  );

const ERROR: Schema = { ...object({ message: STRING, time: TIME }), description: 'What went wrong last.' };

const snapshotSpec: Schema = object(
  {
    source: oneOf('volumeSnapshotContentName', 'persistentVolumeClaimName'),
    volumeSnapshotClassName: ruled(STRING, 'size(self) > 0', 'volumeSnapshotClassName must not be the empty string when set'),
  },
  ['source'],
);

const snapshotStatus: Schema = object({
  boundVolumeSnapshotContentName: STRING,
  creationTime: TIME,
  error: ERROR,
  readyToUse: { type: 'boolean' },
  restoreSize: { type: 'string', pattern: QUANTITY, 'x-kubernetes-int-or-string': true },
  volumeGroupSnapshotName: STRING,
});

const REFERENCE_FIELDS = ['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'];

const reference: Schema = {
  ...ruled(
    object(Object.fromEntries(REFERENCE_FIELDS.map((name) => [name, STRING]))),
    'has(self.name) && has(self.__namespace__)',
    'both spec.volumeSnapshotRef.name and spec.volumeSnapshotRef.namespace must be set',
  ),
  'x-kubernetes-map-type': 'atomic',
};

const contentSpec: Schema = object(
  {
    deletionPolicy: POLICY,
    driver: STRING,
    source: oneOf('volumeHandle', 'snapshotHandle'),
    sourceVolumeMode: unchanging('sourceVolumeMode'),
    volumeSnapshotClassName: STRING,
    volumeSnapshotRef: reference,
  },
  ['deletionPolicy', 'driver', 'source', 'volumeSnapshotRef'],
  [staying('sourceVolumeMode')],
);

const contentStatus: Schema = object({
  creationTime: { type: 'integer', format: 'int64' },
  error: ERROR,
  readyToUse: { type: 'boolean' },
  restoreSize: { type: 'integer', format: 'int64', minimum: 0 },
  snapshotHandle: STRING,
  volumeGroupSnapshotHandle: STRING,
});

interface Kind {
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly pull: number;
  readonly hasStatus: boolean;
  readonly columns: Columns;
  readonly schema: Schema;
}

function definitionOf({ kind, shortNames, scope, pull, hasStatus, columns, schema }: Kind) {
  const singular = kind.toLowerCase();
  const plural = singular.endsWith('s') ? `${singular}es` : `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}`, annotations: { 'api-approved.kubernetes.io': `${PULLS}/${pull}` } },
    spec: {
      group: GROUP,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames },
      scope,
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: hasStatus ? { status: {} } : {},
          schema: { openAPIV3Schema: schema },
          additionalPrinterColumns: Object.entries(columns).map(([name, [jsonPath, type]]) => ({ name, jsonPath, type })),
        },
      ],
    },
  };
}

/** What minikube's add-on `volumesnapshots` defines. */
export const SNAPSHOT_CRDS = [
  definitionOf({
    kind: 'VolumeSnapshotClass',
    shortNames: ['vsclass', 'vsclasses'],
    scope: 'Cluster',
    pull: 814,
    hasStatus: false,
    columns: { Driver: ['.driver', 'string'], DeletionPolicy: ['.deletionPolicy', 'string'], Age: AGE },
    schema: {
      ...object({ ...OBJECT, deletionPolicy: POLICY, driver: STRING, parameters: { type: 'object', additionalProperties: STRING } }, [
        'deletionPolicy',
        'driver',
      ]),
      description: 'How snapshots are taken, and by which driver.',
    },
  }),
  definitionOf({
    kind: 'VolumeSnapshotContent',
    shortNames: ['vsc', 'vscs'],
    scope: 'Cluster',
    pull: 955,
    hasStatus: true,
    columns: {
      ReadyToUse: ['.status.readyToUse', 'boolean'],
      RestoreSize: ['.status.restoreSize', 'integer'],
      DeletionPolicy: ['.spec.deletionPolicy', 'string'],
      Driver: ['.spec.driver', 'string'],
      VolumeSnapshotClass: ['.spec.volumeSnapshotClassName', 'string'],
      VolumeSnapshot: ['.spec.volumeSnapshotRef.name', 'string'],
      VolumeSnapshotNamespace: ['.spec.volumeSnapshotRef.namespace', 'string'],
      Age: AGE,
    },
    schema: {
      ...object({ ...OBJECT, spec: contentSpec, status: contentStatus }, ['spec']),
      description: 'A snapshot as a driver has it, bound to the VolumeSnapshot that asked for it.',
    },
  }),
  definitionOf({
    kind: 'VolumeSnapshot',
    shortNames: ['vs'],
    scope: 'Namespaced',
    pull: 814,
    hasStatus: true,
    columns: {
      ReadyToUse: ['.status.readyToUse', 'boolean'],
      SourcePVC: ['.spec.source.persistentVolumeClaimName', 'string'],
      SourceSnapshotContent: ['.spec.source.volumeSnapshotContentName', 'string'],
      RestoreSize: ['.status.restoreSize', 'string'],
      SnapshotClass: ['.spec.volumeSnapshotClassName', 'string'],
      SnapshotContent: ['.status.boundVolumeSnapshotContentName', 'string'],
      CreationTime: ['.status.creationTime', 'date'],
      Age: AGE,
    },
    schema: {
      ...object({ ...OBJECT, spec: snapshotSpec, status: snapshotStatus }, ['spec']),
      description: 'What a user asks of a volume as it is now, or of a snapshot that was taken before.',
    },
  }),
];
