import { apiError, type Pod, toTime } from '../../api/index.ts';
import { bodies, type ObjectType, typeOfMessage } from '../../api/schema.ts';
import { readBody } from '../pipeline/body.ts';
import type { DeleteRequest } from '../registry/deletion.ts';
import { checkDeleteRequest } from './delete.ts';
import { contextOf, type Handler } from './rest.ts';
import { readWriteOptions } from './write-options.ts';

const TARGET = { info: { group: 'policy', version: 'v1', kind: 'Eviction' }, type: typeOfMessage(bodies.eviction) as ObjectType };

/** POST to pods/NAME/eviction: a delete that says so in the pod's conditions. */
export const evictPod: Handler = async (rest, exchange, { resource, registry }) => {
  rest.negotiator.object(exchange.accept);
  const bytes = await readBody(exchange.request);
  const write = readWriteOptions(exchange, 'CreateOptions');
  const body = { bytes, contentType: exchange.request.headers['content-type'] };
  const wanted = rest.decoder.decode(body, TARGET, write.fieldValidation, (text) => exchange.warn(text));
  const { name } = exchange.info;
  if (wanted.metadata.name && wanted.metadata.name !== name)
    throw apiError.badRequest('name in URL does not match name in Eviction object');
  const options = ('deleteOptions' in wanted ? (wanted.deleteOptions ?? {}) : {}) as DeleteRequest;
  checkDeleteRequest(options);
  const context = contextOf(rest, exchange, write.dryRun || (options.dryRun?.length ?? 0) > 0);
  await registry.delete({
    context,
    admission: rest.admission,
    name,
    options,
    change: (object) => resource.type.decode(evicted(object as Pod, exchange.now)).object,
  });
  rest.encoder.success(exchange, 201, { code: 201 });
};

/** Says why the pod goes. */
function evicted(pod: Pod, now: number): Pod {
  pod.status ??= {};
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  conditions.push({
    type: 'DisruptionTarget',
    status: 'True',
    lastTransitionTime: toTime(now),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
  pod.status.conditions = conditions;
  return pod;
}
