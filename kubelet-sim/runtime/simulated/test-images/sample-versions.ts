// The versions of Kubernetes' sample API server: what a flunder refers to is one field and a type in v1alpha1, a field for each type in v1beta1
// (upstream `staging/src/k8s.io/sample-apiserver/pkg/apis/wardle`: types, conversion, defaults, validation).
import { apiError, type FieldError, fieldError, type KubeObject } from '../../../../api/index.ts';

export const GROUP = 'wardle.example.com';

/** Objects are kept as this version has them. */
const KEPT = 'v1beta1';

export interface SampleKind {
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Those that have it, the preferred one first. */
  readonly versions: readonly string[];
}

/** The kinds of Kubernetes' sample API server. */
export const SAMPLE_KINDS: readonly SampleKind[] = [
  { resource: 'fischers', kind: 'Fischer', namespaced: false, versions: ['v1alpha1'] },
  { resource: 'flunders', kind: 'Flunder', namespaced: true, versions: [KEPT, 'v1alpha1'] },
];

export const VERSIONS: readonly string[] = [KEPT, 'v1alpha1'];

export const kindsOf = (version: string): readonly SampleKind[] => SAMPLE_KINDS.filter(({ versions }) => versions.includes(version));

interface Reference {
  readonly reference?: string | undefined;
  readonly flunderReference?: string | undefined;
  readonly fischerReference?: string | undefined;
  readonly referenceType?: string | undefined;
}

type Flunder = KubeObject & { readonly spec?: Reference | undefined };

const isFlunder = (object: KubeObject): object is Flunder => object.kind === 'Flunder';

/** The field of v1beta1 for a type of reference. */
const FIELDS: Readonly<Record<string, 'flunderReference' | 'fischerReference'>> = {
  Flunder: 'flunderReference',
  Fischer: 'fischerReference',
};

const withoutEmpty = (spec: Reference): Reference => Object.fromEntries(Object.entries(spec).filter(([, value]) => Boolean(value)));

/** An object of a request as it is kept: with defaults. @throws ApiError (422) */
export function kept(version: string, object: KubeObject): KubeObject {
  if (!isFlunder(object)) return object;
  const { spec = {} } = object;
  const made = withoutEmpty(version === KEPT ? spec : apart(spec));
  const errors = wrongWith(made);
  if (errors.length > 0) throw apiError.invalid({ group: GROUP, resource: 'Flunder' }, object.metadata.name ?? '', errors);
  return { ...object, spec: made, status: {} } as KubeObject;
}

/** The reference of v1alpha1 in the field of its type. */
function apart({ reference = '', referenceType = reference === '' ? '' : 'Flunder' }: Reference): Reference {
  const field = FIELDS[referenceType];
  return field ? { [field]: reference, referenceType } : {};
}

/** An object that is kept as a version shows it. */
export function shown(version: string, object: KubeObject): KubeObject {
  const apiVersion = `${GROUP}/${version}`;
  if (!isFlunder(object) || version === KEPT) return { ...object, apiVersion };
  const { referenceType = '', ...spec } = object.spec ?? {};
  const field = FIELDS[referenceType];
  return { ...object, apiVersion, spec: field ? withoutEmpty({ reference: spec[field], referenceType }) : {} } as KubeObject;
}

/** Upstream: `ValidateFlunderSpec`. */
function wrongWith({ flunderReference = '', fischerReference = '', referenceType = '' }: Reference): FieldError[] {
  const wrong = (field: string, value: string, detail: string) => fieldError.invalid(`spec.${field}`, value, detail);
  const errors: FieldError[] = [];
  const isFischer = referenceType === 'Fischer';
  const isOfFlunder = referenceType === 'Flunder';
  if (flunderReference && fischerReference)
    errors.push(wrong('fischerReference', fischerReference, 'cannot be set with flunderReference at the same time'));
  else if (flunderReference && !isOfFlunder)
    errors.push(wrong('flunderReference', flunderReference, 'cannot be set if referenceType is not Flunder'));
  else if (fischerReference && !isFischer)
    errors.push(wrong('fischerReference', fischerReference, 'cannot be set if referenceType is not Fischer'));
  else if (!fischerReference && isFischer) errors.push(wrong('fischerReference', '', 'cannot be empty if referenceType is Fischer'));
  else if (!flunderReference && isOfFlunder) errors.push(wrong('flunderReference', '', 'cannot be empty if referenceType is Flunder'));
  if (referenceType && !isFischer && !isOfFlunder) errors.push(wrong('referenceType', referenceType, 'must be Flunder or Fischer'));
  return errors;
}
