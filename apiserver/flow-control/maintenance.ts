import {
  type FlowSchema,
  flowcontrolKinds,
  isAlreadyExists,
  isNotFound,
  type KindInfo,
  type Live,
  type PriorityLevelConfiguration,
} from '../../api/index.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';
import { AUTO_UPDATE, MANDATORY_LEVELS, MANDATORY_SCHEMAS, SUGGESTED_LEVELS, SUGGESTED_SCHEMAS } from './bootstrap-objects.ts';

/*
 * Keeps the flow control objects that a cluster begins with. Upstream: pkg/registry/flowcontrol/rest/storage_flowcontrol.go and
 * pkg/registry/flowcontrol/ensurer.
 *
 * | object | missing | changed |
 * | --- | --- | --- |
 * | mandatory | created | put right |
 * | suggested, annotated true, or without annotation and never changed | created | put right |
 * | suggested otherwise | created | left alone, annotated false |
 * | neither, annotated true | | deleted: it was suggested once |
 */

/** In whose name these objects are written. */
const MANAGER = 'api-priority-and-fairness-config-producer-v1';

type FlowObject = FlowSchema | PriorityLevelConfiguration;

interface Wanted {
  readonly kind: KindInfo;
  readonly object: FlowObject;
  readonly isMandatory: boolean;
}

const { flowschemas, prioritylevelconfigurations } = flowcontrolKinds;

const wanted = (kind: KindInfo, isMandatory: boolean, objects: readonly FlowObject[]): Wanted[] =>
  objects.map((object) => ({ kind, object, isMandatory }));

const WANTED: readonly Wanted[] = [
  ...wanted(flowschemas, false, SUGGESTED_SCHEMAS),
  ...wanted(prioritylevelconfigurations, false, SUGGESTED_LEVELS),
  ...wanted(flowschemas, true, MANDATORY_SCHEMAS),
  ...wanted(prioritylevelconfigurations, true, MANDATORY_LEVELS),
];

/** Creates, puts right and deletes what has to be, all at once. */
export async function ensureFlowObjects(objects: ObjectReader & ObjectWriter): Promise<void> {
  const writer = objects.as(MANAGER);
  await Promise.all([
    ...WANTED.map((each) => tolerant(ensure(objects, writer, each))),
    ...[flowschemas, prioritylevelconfigurations].flatMap((kind) =>
      objects
        .list<FlowObject>(kind)
        .filter((object) => isUnwanted(kind, object))
        .map(({ metadata }) => tolerant(writer.delete(kind, '', metadata.name))),
    ),
  ]);
}

async function ensure(reader: ObjectReader, writer: ObjectWriter, { kind, object, isMandatory }: Wanted): Promise<void> {
  const { name = '' } = object.metadata;
  const existing = reader.get<FlowObject>(kind, '', name);
  if (!existing) await writer.create(kind, object);
  else if (revise(existing, object, isMandatory)) {
    await writer.update<FlowObject>(kind, '', name, (current) => revise(current, object, isMandatory));
  }
}

/** Others may be at it at the same time. */
async function tolerant(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
  }
}

/** What an object should become; undefined when it is as it should be. Upstream: `ReviseIfNeeded`. */
export function revise<T extends FlowObject>(current: Live<T>, expected: T, isMandatory: boolean): Live<T> | undefined {
  const annotation = boolOf(current.metadata.annotations?.[AUTO_UPDATE]);
  // Without the annotation, or with one that says nothing, who never changed the spec still follows.
  const follows = isMandatory || (annotation ?? current.metadata.generation === 1);
  const spec = follows && !semanticEqual(current.spec, expected.spec) ? expected.spec : current.spec;
  if (annotation === follows && spec === current.spec) return undefined;
  const { metadata } = current;
  const annotations = { ...metadata.annotations, [AUTO_UPDATE]: `${follows}` };
  return Object.assign({}, current, { metadata: annotation === follows ? metadata : { ...metadata, annotations }, spec });
}

/** Whether an object is one that was suggested once, and left to us. Upstream: `RemoveUnwantedObjects`. */
function isUnwanted(kind: KindInfo, { metadata }: Live<FlowObject>): boolean {
  if (boolOf(metadata.annotations?.[AUTO_UPDATE]) !== true) return false;
  return !WANTED.some((each) => each.kind === kind && each.object.metadata.name === metadata.name);
}

/** Go's `strconv.ParseBool`; undefined for what is neither. */
function boolOf(text: string | undefined): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text ?? '')) return true;
  return /^(0|f|F|FALSE|false|False)$/.test(text ?? '') ? false : undefined;
}
