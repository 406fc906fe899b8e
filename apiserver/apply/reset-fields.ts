import type { KindInfo } from '../../api/index.ts';
import { ownership } from '../../api/schema.ts';
import type { Strategy } from '../registry/strategy.ts';

/** What writers of an object, or of a view of it, cannot own because the endpoint does not let them change it. */
export function resetFieldsOf(info: KindInfo, strategy: Strategy, subresource: string): ownership.FieldSet {
  const endpoint = subresource === '' ? strategy : strategy.subresources?.[subresource];
  return ownership.setOfNames(endpoint?.resetFields ?? usual(info, subresource));
}

function usual({ subresources }: KindInfo, subresource: string): readonly string[] {
  if (subresource === 'status') return ['spec'];
  return subresource === '' && subresources.some(({ name }) => name === 'status') ? ['status'] : [];
}
