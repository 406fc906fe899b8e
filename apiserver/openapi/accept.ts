import { parseAccept } from '../http/accept.ts';

/**
 * What is offered under the media type that the client likes best. Upstream: kube-openapi, `pkg/handler/handler.go`.
 *
 * @param offers by media type; the first is for who takes anything.
 * @returns undefined when the client takes none of them.
 */
export function bestOffer<T>(accept: string | undefined, offers: ReadonlyMap<string, T>): T | undefined {
  for (const { type } of parseAccept(accept || '*/*')) {
    for (const [offered, offer] of offers) if (takes(type, offered)) return offer;
  }
  return undefined;
}

function takes(type: string, offered: string): boolean {
  const [wanted = '', wantedSub = ''] = type.split('/');
  const [main = '', sub = ''] = offered.split('/');
  return (wanted === '*' || wanted === main) && (wantedSub === '*' || wantedSub === sub);
}
