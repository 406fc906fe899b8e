// What webhooks are asked, and what they answer: upstream's `admission/plugin/webhook/request/admissionreview.go`.
import { type AdmissionResponse, goQuote, type KubeObject, parseApiVersion, parseJson, stringifyJson } from '../../../api/index.ts';
import { bodies, DecodeError, decode, isObject, type JsonObject } from '../../../api/schema.ts';
import type { AdmissionRequest } from '../matching/admission-request.ts';

const GROUP = 'admission.k8s.io';
const KIND = 'AdmissionReview';
const VERSIONS: readonly string[] = ['v1', 'v1beta1'];
/** Where upstream registers what answers may be; it shows in messages. */
const SCHEME = 'k8s.io/apiserver/pkg/util/webhook/client.go:71';

/** An answer that is none, or not to what was asked. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
}

/** The version of AdmissionReview that a webhook is sent: the first of its own that is known here. @throws ReviewError */
export function reviewVersion(accepted: readonly string[]): string {
  const found = accepted.find((version) => VERSIONS.includes(version));
  if (found === undefined) throw new ReviewError('webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  return found;
}

/** The body that a webhook is sent. */
export const reviewBody = (version: string, request: AdmissionRequest): string =>
  stringifyJson({
    kind: KIND,
    apiVersion: `${GROUP}/${version}`,
    request: { ...request, object: shown(request.object), oldObject: shown(request.oldObject) },
  });

/** Kind and version first, as Go writes them. */
const shown = (object: KubeObject | null): KubeObject | null => object && { kind: object.kind, apiVersion: object.apiVersion, ...object };

/** What was asked. */
export interface Asked {
  readonly version: string;
  readonly uid: string;
  readonly isMutating: boolean;
}

/** A webhook's answer that is in order. */
export type Answer = AdmissionResponse & {
  /** The kind of the patch; `''` when there is none. */
  readonly patchKind: string;
};

/**
 * Reads a webhook's answer.
 *
 * @throws DecodeError for what is no AdmissionReview.
 * @throws ReviewError for one that does not answer what was asked.
 */
export function readAnswer(text: string, asked: Asked): Answer {
  const raw = parse(text);
  const given = checkType(raw, asked.version);
  const { response } = decode(bodies.admissionReview, raw).object;
  if (!response) throw new ReviewError('webhook response was absent');
  // What was only agreed on later was never asked of v1beta1.
  if (asked.version !== 'v1') return { ...response, patchKind: response.patch && asked.isMutating ? 'JSONPatch' : '' };
  if (response.uid !== asked.uid) {
    throw new ReviewError(`expected response.uid=${JSON.stringify(asked.uid)}, got ${JSON.stringify(response.uid)}`);
  }
  const expected = `${GROUP}/v1, Kind=${KIND}`;
  if (given !== expected) throw new ReviewError(`expected webhook response of ${expected}, got ${given}`);
  return { ...response, patchKind: patchKindOf(response, asked.isMutating) };
}

const UNREADABLE = "couldn't get version/kind; json parse error";

function parse(text: string): JsonObject {
  let raw: unknown;
  try {
    raw = parseJson(text);
  } catch (error) {
    throw new DecodeError(`${UNREADABLE}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (isObject(raw)) return raw;
  if (raw === null) return {};
  const type = Array.isArray(raw) ? 'array' : typeof raw === 'boolean' ? 'bool' : typeof raw;
  const wanted = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  throw new DecodeError(`${UNREADABLE}: json: cannot unmarshal ${type} into Go value of type ${wanted}`);
}

/**
 * What an answer says it is need not be there to be read; what is there must be known.
 *
 * @returns it, as Go writes it.
 * @throws DecodeError
 */
function checkType({ apiVersion = '', kind = '' }: JsonObject, wanted: string): string {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw new DecodeError(UNREADABLE);
  const { group, version } = parseApiVersion(apiVersion);
  const isKnown = apiVersion === '' || ((group === GROUP || (group === '' && version === wanted)) && VERSIONS.includes(version));
  if (!isKnown || (kind !== '' && kind !== KIND)) {
    const shownVersion = apiVersion || `${GROUP}/${wanted}`;
    throw new DecodeError(
      `no kind ${goQuote(kind || KIND)} is registered for version ${goQuote(shownVersion)} in scheme ${goQuote(SCHEME)}`,
    );
  }
  if (apiVersion !== '' && version !== wanted) {
    throw new DecodeError(`converting (${version}.${KIND}) to (${wanted}.${KIND}): unknown conversion`);
  }
  return `${group}/${version}, Kind=${kind}`;
}

function patchKindOf({ patch = '', patchType }: AdmissionResponse, isMutating: boolean): string {
  if (!isMutating) {
    if (patch !== '') throw new ReviewError('validating webhook may not return response.patch');
    if (patchType !== undefined) throw new ReviewError('validating webhook may not return response.patchType');
    return '';
  }
  if (patch !== '' && patchType === undefined) throw new ReviewError('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined) throw new ReviewError('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw new ReviewError('webhook returned invalid response.patchType of ""');
  return patchType ?? '';
}
