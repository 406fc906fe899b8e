import { apiError, type KubeObject } from '../../api/index.ts';
import { readYaml, type YamlContent } from '../../api/schema.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { updateStrategy } from '../registry/strategy.ts';
import { warningsOf, writtenMediaType } from './decode-body.ts';
import { contextOf, type Endpoint, type Handler } from './rest.ts';
import { checkName, mayCreate } from './update.ts';
import { type FieldValidation, readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** Whether a PATCH is a server-side apply. */
export const isApply = ({ request }: Exchange): boolean =>
  writtenMediaType(request.headers['content-type']) === 'application/apply-patch+yaml';

/** Server-side apply to an object, which it may create, or to a subresource that is a view of it. */
export const applyObject: Handler = async (rest, exchange, endpoint) => {
  const { resource, registry } = endpoint;
  rest.encoder.accept(exchange, resource);
  const { name, subresource } = exchange.info;
  const bytes = await readBody(exchange.request);
  const { span } = exchange;
  span?.event('limitedReadBody succeeded', { len: bytes.length });
  span?.event('Recorded the audit event');
  const options = readWriteOptions(exchange, 'ApplyOptions');
  const { value: config, repeated } = readConfig(bytes);
  const writer = writerOf(exchange, options);
  const strategy = updateStrategy(resource, subresource);
  const updated = await registry.update({
    context: contextOf(rest, exchange, options.dryRun),
    admission: rest.admission,
    name,
    subresource,
    strategy,
    uidIsPrecondition: false,
    mayCreate: subresource === '' || strategy.allowCreateOnUpdate === true || strategy.allowCreateOnApply === true,
    next: async (current, live) => {
      if (!current) await mayCreate(rest, exchange);
      span?.event('About to apply patch');
      const { setDefaults } = resource.strategy;
      const object = resource.fields.apply({ ...writer, live, config, force: options.force, setDefaults });
      judgeConfig(exchange, repeated, options.fieldValidation);
      span?.event('About to check admission control');
      return finish(endpoint, object, { name, isNew: !current });
    },
  });
  span?.event('Object stored in database');
  rest.encoder.object(exchange, resource, updated.created ? 201 : 200, updated.bytes);
};

/** Reads a configuration. @throws ApiError (400) for what is no YAML. */
export function readConfig(bytes: Buffer): YamlContent {
  const read = parse(bytes);
  const config = read.value ?? {};
  if (typeof config === 'object' && !Array.isArray(config)) return { value: config, repeated: read.repeated };
  const what = Array.isArray(config) ? 'array' : typeof config === 'boolean' ? 'bool' : typeof config;
  throw unreadable(
    `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
  );
}

function parse(bytes: Buffer): YamlContent {
  try {
    return readYaml(bytes.toString());
  } catch (error) {
    throw unreadable(`error converting YAML to JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const unreadable = (why: string) => apiError.badRequest(`error decoding YAML: ${why}`);

/** Warns of keys given twice, or refuses them. */
export function judgeConfig(exchange: Exchange, repeated: YamlContent['repeated'], validation: FieldValidation): void {
  if (validation === 'Ignore') return;
  const problems = repeated();
  if (problems.length === 0) return;
  if (validation === 'Strict')
    throw apiError.badRequest(`error strict decoding YAML: error converting YAML to JSON: ${problems.join(', ')}`);
  for (const text of problems.flatMap(warningsOf)) exchange.warn(text);
}

function finish({ resource }: Endpoint, object: KubeObject, { name, isNew }: { name: string; isNew: boolean }): KubeObject {
  const { subject, wire } = resource;
  const { uid } = object.metadata;
  if (isNew && uid) {
    throw apiError.conflict(subject, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  }
  object.kind = wire.kind;
  object.apiVersion = wire.apiVersion;
  checkName(object, name);
  return object;
}
