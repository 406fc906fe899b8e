// Fields of older versions that apps/v1 keeps in annotations, and reads as numbers. Upstream: `pkg/apis/apps/v1/conversion.go`.
import { goQuote, type ObjectMeta } from '../../../api/index.ts';
import { ConversionError } from '../../../api/schema.ts';

/** How often the template of a DaemonSet changed: still counted. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
/** The revision a Deployment is to go back to. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

interface Annotated {
  readonly metadata: ObjectMeta;
}

/** The number in an annotation of an object that was read. */
export function annotatedNumber({ metadata }: Annotated, annotation: string): bigint | undefined {
  const text = metadata.annotations?.[annotation];
  return text === undefined || whyNoInt64(text) !== undefined ? undefined : BigInt(text.replace('+', ''));
}

export function annotateNumber({ metadata }: Annotated, annotation: string, value: bigint): void {
  metadata.annotations = { ...metadata.annotations, [annotation]: String(value) };
}

/** An object's annotation as Go writes its number. @throws ConversionError */
export function readTemplateGeneration(daemonSet: Annotated): void {
  normalize(daemonSet, TEMPLATE_GENERATION, (why) => why);
}

/** As for DaemonSets; here an empty annotation is as good as none. @throws ConversionError */
export function readRollback(deployment: Annotated): void {
  const { [ROLLBACK_TO]: text, ...others } = deployment.metadata.annotations ?? {};
  if (text === '') deployment.metadata.annotations = Object.keys(others).length > 0 ? others : undefined;
  else normalize(deployment, ROLLBACK_TO, (why) => `failed to parse annotation[${ROLLBACK_TO}]=${text} as int64: ${why}`);
}

/** An annotation as it was, for endpoints that do not change what it stands for. */
export function keepAnnotation({ metadata }: Annotated, old: Annotated, annotation: string): void {
  const { [annotation]: _, ...others } = metadata.annotations ?? {};
  const before = old.metadata.annotations?.[annotation];
  const kept = before === undefined ? others : { ...others, [annotation]: before };
  metadata.annotations = Object.keys(kept).length > 0 ? kept : undefined;
}

function normalize(object: Annotated, annotation: string, refusal: (why: string) => string): void {
  const text = object.metadata.annotations?.[annotation];
  if (text === undefined) return;
  const why = whyNoInt64(text);
  if (why !== undefined) throw new ConversionError(refusal(`strconv.ParseInt: parsing ${goQuote(text)}: ${why}`));
  annotateNumber(object, annotation, BigInt(text.replace('+', '')));
}

/** Upstream: Go's `strconv.ParseInt` of 64 bits. */
function whyNoInt64(text: string): string | undefined {
  if (!/^[+-]?\d+$/.test(text)) return 'invalid syntax';
  const value = BigInt(text.replace('+', ''));
  return value === BigInt.asIntN(64, value) ? undefined : 'value out of range';
}
