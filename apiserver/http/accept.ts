/** One of the things that an Accept header names. */
export interface AcceptClause {
  /** As it was sent; a lone star stands for two. */
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The clauses of an Accept header, most wanted first, and of those that are wanted alike the ones that say more (goautoneg's order). None when
 * the header is empty; a clause that names nothing is one all the same.
 */
export function parseAccept(accept: string): AcceptClause[] {
  if (accept.trim() === '') return [];
  const clauses = accept.split(',').map(parseClause);
  return clauses.sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
}

const wildcards = ({ type }: AcceptClause): number => type.split('*').length - 1;

function parseClause(text: string): AcceptClause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((parameter): [string, string] => {
      const [name = '', ...value] = parameter.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
  return { type: type === '*' ? '*/*' : type, quality: Number(parameters.get('q') ?? 1) || 0, parameters };
}

/** Whether an Accept header names a media type, or takes all: go-restful knows no other wildcards. */
export function names(accept: string | undefined, mediaType: string): boolean {
  const clauses = parseAccept(accept ?? '');
  return clauses.length === 0 || clauses.some(({ type }) => type === '*/*' || type === mediaType);
}
