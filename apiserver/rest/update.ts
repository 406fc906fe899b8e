import { apiError, type KubeObject } from '../../api/index.ts';
import { authorize } from '../pipeline/authorization.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { writeSmaller } from '../registry/large-objects.ts';
import { checkNamespace } from '../registry/match-namespace.ts';
import { dedupOwnerReferences } from '../registry/owner-references.ts';
import { updateStrategy } from '../registry/strategy.ts';
import { contextOf, type Handler, type Rest } from './rest.ts';
import { setDefaults } from './set-defaults.ts';
import { type FieldValidation, readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** PUT of an object or of a subresource that is a view of it. */
export const updateObject: Handler = async (rest, exchange, endpoint) => {
  const { resource, registry } = endpoint;
  rest.encoder.accept(exchange, resource);
  const { name, subresource } = exchange.info;
  const bytes = await readBody(exchange.request);
  const { span } = exchange;
  span?.event('limitedReadBody succeeded', { len: bytes.length });
  const options = readWriteOptions(exchange, 'UpdateOptions');
  const context = contextOf(rest, exchange, options.dryRun);
  const writer = writerOf(exchange, options);
  const strategy = updateStrategy(resource, subresource);
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  // The first reading warns and refuses; another, after a lost race, needs the object anew.
  const { namespaced } = resource.info;
  span?.event('About to convert to expected version');
  const read = (validation: FieldValidation, warn: (text: string) => void): KubeObject =>
    readObject(exchange, namespaced, () => {
      const object = rest.decoder.decode(body, resource, validation, warn);
      setDefaults(resource, object);
      exchange.audit?.requested(() => resource.wire.encode(object));
      return object;
    });
  let first: KubeObject | undefined = read(options.fieldValidation, (text) => exchange.warn(text));
  span?.event('Conversion done');
  span?.event('About to store object in database');
  const updated = await writeSmaller((withFields) =>
    registry.update({
      context,
      admission: rest.admission,
      name,
      subresource,
      strategy,
      uidIsPrecondition: true,
      mayCreate: strategy.allowCreateOnUpdate === true,
      next: async (current, old) => {
        if (!current) await mayCreate(rest, exchange);
        const object = first ?? read('Ignore', () => undefined);
        first = undefined;
        if (withFields) resource.fields.track({ live: old, next: object, ...writer });
        else object.metadata.managedFields = undefined;
        return object;
      },
    }),
  );
  span?.event('Write to database call succeeded', { len: bytes.length });
  rest.encoder.object(exchange, resource, updated.created ? 201 : 200, updated.bytes);
};

function readObject(exchange: Exchange, namespaced: boolean, decode: () => KubeObject): KubeObject {
  const object = decode();
  dedupOwnerReferences(object, 'in the request', (text) => exchange.warn(text));
  if (namespaced) checkNamespace(object, exchange.info.namespace);
  checkName(object, exchange.info.name);
  return object;
}

/** @throws ApiError (400) when the body names another object than the URL. */
export function checkName({ metadata }: KubeObject, name: string): void {
  if (!metadata.name) {
    throw apiError.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (metadata.name === name) return;
  throw apiError.badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

/** Who creates by PUT or apply must be allowed to create. */
export function mayCreate(rest: Rest, exchange: Exchange): void | Promise<void> {
  return authorize(rest.authorizer, exchange, { ...exchange.info, verb: 'create' });
}
