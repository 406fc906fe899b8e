// Conversion by a webhook: upstream's `pkg/apiserver/conversion/webhook_converter.go` (apiextensions-apiserver).
import { type KubeObject, parseJson, stringifyJson } from '../../../api/index.ts';
import { cloneJson, isObject, type JsonObject } from '../../../api/schema.ts';
import type { Random } from '../../../runtime/index.ts';
import { validateTexts } from '../../registry/metadata-validation.ts';
import { plainError } from '../../registry/store-errors.ts';
import type { WebhookClient, WebhookTarget } from '../../webhook/index.ts';
import type { Crd } from '../definition.ts';
import type { Convert } from '../versions.ts';
import type { ConversionFailure, ConversionMetrics } from './conversion-metrics.ts';

/** How long a webhook may take. */
const TIMEOUT_MS = 30_000;
const REVIEWS = ['v1', 'v1beta1'];
const GROUP = 'apiextensions.k8s.io';

interface Parts {
  readonly client: Pick<WebhookClient, 'post'>;
  readonly random: Random;
  readonly metrics: ConversionMetrics;
}

/** What converts the objects of a definition; undefined for one whose versions differ in their name only. */
export function webhookConverter({ metadata, spec: { conversion } }: Crd, parts: Parts): Convert | undefined {
  if (conversion?.strategy !== 'Webhook' || !conversion.webhook) return undefined;
  const { clientConfig, conversionReviewVersions } = conversion.webhook;
  const version = conversionReviewVersions?.find((each) => REVIEWS.includes(each));
  const { service } = clientConfig ?? {};
  const target: WebhookTarget = {
    url: clientConfig?.url,
    caBundle: clientConfig?.caBundle,
    service: service && { ...service, port: service.port ?? 443 },
  };
  return async (objects, apiVersion) => {
    const { metrics } = parts;
    const what = { definition: metadata.name ?? '', from: versionOf(objects[0]?.apiVersion), to: versionOf(apiVersion) };
    const since = metrics.now();
    let succeeded = false;
    try {
      if (version === undefined) throw plainError('no supported conversion review versions');
      const converted = await askedAndCounted(parts, target, { version, objects, apiVersion });
      succeeded = true;
      return converted;
    } finally {
      if (what.from !== what.to) metrics.converted(what, since, succeeded);
    }
  };
}

const versionOf = (apiVersion: string | undefined): string => apiVersion?.slice(apiVersion.indexOf('/') + 1) ?? '';

interface Question {
  readonly version: string;
  readonly objects: readonly KubeObject[];
  readonly apiVersion: string;
}

/** Asks the webhook, and counts how that went. @throws ApiError (500) */
async function askedAndCounted(parts: Parts, target: WebhookTarget, question: Question): Promise<KubeObject[]> {
  const { objects, apiVersion } = question;
  const { metrics } = parts;
  const since = metrics.now();
  const [first] = objects;
  const kind = first ? `${first.apiVersion}, Kind=${first.kind}` : '';
  const failed = (error: unknown) =>
    plainError(`conversion webhook for ${kind} failed: ${error instanceof Error ? error.message : String(error)}`);
  let failure: ConversionFailure | undefined = 'call_failure';
  try {
    const uid = parts.random.uuid();
    const answer = await ask(parts, target, { ...question, uid }).catch((error: unknown) => {
      throw failed(error);
    });
    failure = 'malformed_response_failure';
    const converted = readOr(failed, () => readAnswer(answer, { version: question.version, uid }));
    failure = 'partial_response_failure';
    if (converted.length !== objects.length) {
      throw plainError(`conversion webhook for ${kind} returned ${converted.length} objects, expected ${objects.length}`);
    }
    failure = 'invalid_converted_object_failure';
    const accepted = objects.map((object, index) => accept(object, converted[index], { apiVersion, kind }));
    failure = undefined;
    return accepted;
  } finally {
    metrics.asked(since, failure);
  }
}

function readOr<T>(failed: (error: unknown) => Error, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw failed(error);
  }
}

async function ask({ client }: Parts, target: WebhookTarget, { version, uid, objects, apiVersion }: Question & { uid: string }) {
  const review = {
    kind: 'ConversionReview',
    apiVersion: `${GROUP}/${version}`,
    request: { uid, desiredAPIVersion: apiVersion, objects },
  };
  return parseAnswer(await client.post({ target, body: stringifyJson(review), timeoutMs: TIMEOUT_MS }));
}

function parseAnswer(text: string): JsonObject {
  let answer: unknown;
  try {
    answer = parseJson(text);
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  return isObject(answer) ? answer : {};
}

/** Reviews of v1 must say that they are the answer to this question; those of v1beta1 never had to. */
function readAnswer(answer: JsonObject, { version, uid }: { version: string; uid: string }): readonly unknown[] {
  const wanted = `${GROUP}/${version}, Kind=ConversionReview`;
  const given = `${answer.apiVersion ?? '/'}, Kind=${answer.kind ?? ''}`;
  const isStrict = version === 'v1';
  if (isStrict && given !== wanted) throw new Error(`expected webhook response of ${wanted}, got ${given}`);
  const { response } = answer;
  if (!isObject(response)) throw new Error('no response provided');
  if (isStrict && response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  checkResult(isObject(response.result) ? response.result : {});
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

/** @throws Error for what is no success, in the webhook's own words if it has any. */
function checkResult({ status = '', message }: JsonObject): void {
  if (status === 'Success') return;
  throw new Error(typeof message === 'string' && message !== '' ? message : `response.result.status was '${status}', not 'Success'`);
}

interface Expected {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * A converted object must be the same one: only labels and annotations of its metadata are the webhook's. Upstream asks for one object at a
 * time, and speaks of one.
 */
function accept(original: KubeObject, converted: unknown, { apiVersion, kind }: Expected): KubeObject {
  const invalid = (why: string, at = ' at index 0') => plainError(`conversion webhook for ${kind} returned invalid object${at}: ${why}`);
  if (!isObject(converted)) throw invalid('unexpected end of JSON input');
  if (converted.apiVersion !== apiVersion) {
    throw invalid(`invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion ?? '/'})`);
  }
  if (converted.kind !== original.kind) throw invalid(`invalid kind (expected ${original.kind}, received ${converted.kind ?? ''})`);
  const metadata = isObject(converted.metadata) ? converted.metadata : {};
  for (const [name, field] of IDENTITY) {
    const [wanted, given] = [original.metadata[field] ?? '', metadata[field] ?? ''];
    if (wanted !== given) throw invalid(`must have the same ${name}: ${wanted} != ${given}`, '');
  }
  try {
    return { ...converted, apiVersion, kind: original.kind, metadata: restored(original, converted.metadata) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw plainError(`conversion webhook for ${kind} returned invalid metadata: ${why}`);
  }
}

const IDENTITY = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['UID', 'uid'],
] as const;

/** The original's metadata, with the labels and annotations of the answer: upstream's `restoreObjectMeta`. */
function restored(original: KubeObject, given: unknown): KubeObject['metadata'] {
  if (given === undefined) throw new Error('missing metadata in converted object');
  if (!isObject(given)) throw new Error(`invalid metadata of type ${goTypeOf(given)} in converted object`);
  const metadata = cloneJson(original.metadata);
  metadata.labels = textsOf(given.labels, 'labels');
  metadata.annotations = textsOf(given.annotations, 'annotations');
  const errors = validateTexts(metadata);
  if (errors.length > 0) {
    const texts = errors.map(({ field, body }) => `${field}: ${body}`);
    throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
  }
  return metadata;
}

function textsOf(given: unknown, name: string): Record<string, string> | undefined {
  if (given === undefined || given === null) return undefined;
  if (!isObject(given)) throw new Error(`invalid metadata.${name} of type ${goTypeOf(given)} in converted object`);
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== 'string') {
      throw new Error(`metadata.${name}[${key}] must be a string, but is ${goTypeOf(value)} in converted object`);
    }
    texts[key] = value;
  }
  return texts;
}

function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' && !Number.isInteger(value) ? 'float64' : 'int64';
}
