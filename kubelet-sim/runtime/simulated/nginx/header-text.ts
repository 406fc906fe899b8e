import type { HttpResponse } from '../../cri.ts';

const capitals = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** The headers of an answer in their order: as its server wrote them, where it said so. */
export function headersOfHead({ head, headers }: HttpResponse): readonly (readonly [string, string])[] {
  if (head === undefined) return Object.entries(headers).map(([name, value]) => [capitals(name), value] as const);
  return head.split('\r\n').flatMap((line): (readonly [string, string])[] => {
    const colon = line.indexOf(':');
    return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1).trim()]] : [];
  });
}
