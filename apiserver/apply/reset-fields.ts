import type { KindInfo } from '../../api/index.ts';
import { ownership } from '../../api/schema.ts';
import type { ResetFields, Strategy } from '../registry/strategy.ts';

const STATUS: ResetFields = { without: ['status'] };
const SPEC: ResetFields = { without: ['spec'] };

/** What writers of an object, or of a view of it, cannot own because the endpoint does not let them change it. */
export function resetFieldsOf(info: KindInfo, strategy: Strategy, subresource: string): ownership.ResetFields | undefined {
  const declared = subresource === '' ? strategy.resetFields : strategy.subresources?.[subresource]?.resetFields;
  const fields = declared ?? usual(info, subresource);
  if (!fields) return undefined;
  if ('only' in fields) return { only: ownership.patternOf(fields.only) };
  return { without: ownership.setOfNames(fields.without) };
}

function usual({ subresources }: KindInfo, subresource: string): ResetFields | undefined {
  if (subresource === 'status') return SPEC;
  return subresource === '' && subresources.some(({ name }) => name === 'status') ? STATUS : undefined;
}
