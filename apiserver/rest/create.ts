import { readBody } from '../pipeline/body.ts';
import { wipeSystemFields } from '../registry/metadata-validation.ts';
import { dedupOwnerReferences } from '../registry/owner-references.ts';
import { contextOf, type Handler } from './rest.ts';
import { setDefaults } from './set-defaults.ts';
import { readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** POST to a collection. */
export const createObject: Handler = async (rest, exchange, { resource, registry }) => {
  rest.encoder.accept(exchange, resource);
  const bytes = await readBody(exchange.request);
  const { span } = exchange;
  span?.event('limitedReadBody succeeded', { len: bytes.length });
  const options = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  span?.event('About to convert to expected version');
  const object = rest.decoder.decode(body, resource, options.fieldValidation, (text) => exchange.warn(text));
  setDefaults(resource, object);
  exchange.audit?.requested(() => resource.wire.encode(object));
  span?.event('Conversion done');
  const context = contextOf(rest, exchange, options.dryRun);
  dedupOwnerReferences(object, 'in the request', context.warn);
  wipeSystemFields(object.metadata);
  resource.fields.track({ live: undefined, next: object, ...writerOf(exchange, options) });
  span?.event('About to store object in database');
  const stored = await registry.create({ context, admission: rest.admission, object, withoutFieldsIfTooLarge: true });
  span?.event('Write to database call succeeded', { len: bytes.length });
  rest.encoder.object(exchange, resource, 201, stored.bytes);
};
