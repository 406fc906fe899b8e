import type { PersistentVolumeClaim } from '../core/v1/persistent-volume-claim.ts';
import type { KubeObject } from '../object.ts';
import { parseQuantity, Quantity } from '../quantity.ts';
import type { ResourceList } from '../resources.ts';
import { storageClassOf } from '../storage-class-name.ts';
import { matchesValues, ONE, type QuotaEvaluator } from './evaluator.ts';

const COUNT = 'count/persistentvolumeclaims';
const CLAIMS = 'persistentvolumeclaims';
const STORAGE = 'requests.storage';
const CLASS_INFIX = '.storageclass.storage.k8s.io/';

/** What claims use, in all and of their storage class. Upstream: `pkg/quota/v1/evaluator/core/persistent_volume_claims.go`. */
export const persistentVolumeClaimQuota: QuotaEvaluator = {
  handles: ({ operation, subresource }) =>
    subresource === 'status' || (subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')),
  matchingResources: (names) =>
    names.filter((name) => [COUNT, CLAIMS, STORAGE].includes(name) || [CLAIMS, STORAGE].some((of) => name.endsWith(`${CLASS_INFIX}${of}`))),
  matchesScope: (scope, object) => scope.scopeName === 'VolumeAttributesClass' && matchesValues(scope, attributesClasses(asClaim(object))),
  usage: (object) => usageOf(asClaim(object)),
};

/** The evaluator is asked about claims alone. */
const asClaim = (object: KubeObject): PersistentVolumeClaim => object as PersistentVolumeClaim;

function usageOf(claim: PersistentVolumeClaim): ResourceList {
  const usage = new Map([
    [CLAIMS, ONE],
    [COUNT, ONE],
  ]);
  const className = storageClassOf(claim);
  if (className !== '') usage.set(`${className}${CLASS_INFIX}${CLAIMS}`, ONE);
  const storage = storageOf(claim);
  if (!storage) return usage;
  usage.set(STORAGE, storage);
  if (className !== '') usage.set(`${className}${CLASS_INFIX}${STORAGE}`, storage);
  return usage;
}

/** What is asked for or, while an expansion is taken back, still allocated. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec.resources?.requests?.storage;
  if (asked === undefined) return undefined;
  const wanted = wholeBytes(asked);
  const allocated = status?.allocatedResources?.storage;
  return allocated !== undefined && parseQuantity(allocated).cmp(wanted) > 0 ? wholeBytes(allocated) : wanted;
}

function wholeBytes(text: string): Quantity {
  const amount = parseQuantity(text);
  return amount.asInt64() === undefined ? Quantity.of(amount.value(), amount.format) : amount;
}

/** The classes that a claim has, had or is to have. */
const attributesClasses = ({ spec, status }: PersistentVolumeClaim): string[] =>
  [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name): name is string => Boolean(name));
