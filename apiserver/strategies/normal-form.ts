import { apiVersionOf, type KindInfo, type KubeObject } from '../../api/index.ts';
import { ALL_KINDS, type AnyMessage, decode } from '../../api/schema.ts';

const messages = new Map<KindInfo, AnyMessage>();

/**
 * Brings what was put together into the normal form of a version: its fields in order, what is always written, nothing else.
 *
 * @throws DecodeError when something does not fit.
 */
export function normalForm<T extends KubeObject>(kind: KindInfo, object: object): T {
  const message = messages.get(kind) ?? messageOf(kind);
  return decode(message, { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) }).object as T;
}

function messageOf(kind: KindInfo): AnyMessage {
  const message = ALL_KINDS.find(({ info }) => info === kind)?.message;
  if (!message) throw new Error(`there is no ${apiVersionOf(kind)} ${kind.kind}`);
  messages.set(kind, message);
  return message;
}
