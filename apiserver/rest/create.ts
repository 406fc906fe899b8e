import type { KubeObject } from '../../api/index.ts';
import { readBody } from '../pipeline/body.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { contextOf, type Handler } from './rest.ts';
import { readWriteOptions } from './write-options.ts';
import { writerOf } from './writer.ts';

/** POST to a collection. */
export const createObject: Handler = async (rest, exchange, { resource, registry }) => {
  rest.encoder.accept(exchange, resource);
  const bytes = await readBody(exchange.request);
  const options = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const object = rest.decoder.decode(body, resource, options.fieldValidation, (text) => exchange.warn(text));
  resource.strategy.setDefaults(object);
  tidy(exchange, object);
  resource.fields.track({ ...writerOf(exchange, options), live: undefined, next: object });
  const context = contextOf(rest, exchange, options.dryRun);
  // A namespace is created in itself: that is how quota and life-cycle admission see it.
  const stored = await registry.create({ context, admission: rest.admission, object });
  rest.encoder.object(exchange, resource, 201, stored.bytes);
};

/** What every body loses before it is looked at: owner references given twice. */
export function tidy(exchange: Exchange, { metadata }: KubeObject): void {
  const references = metadata.ownerReferences;
  if (!references || references.length < 2) return;
  const seen = new Set<string>();
  const twice = new Set<string>();
  const kept = references.filter((reference) => {
    const id = JSON.stringify(Object.entries(reference).sort());
    if (seen.has(id)) twice.add(reference.uid);
    return !seen.has(id) && seen.add(id);
  });
  if (twice.size === 0) return;
  metadata.ownerReferences = kept;
  exchange.warn(
    '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as ' +
      `early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...twice].join(', ')}`,
  );
}
