import { type ApiError, apiError } from '../../api/index.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** What an answer is turned into, other than the object itself. */
export interface Transformation {
  readonly kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  readonly version: 'v1' | 'v1beta1';
}

/** What a client takes, by its Accept header. */
export interface Accepted {
  readonly encoding: Encoding;
  readonly as: Transformation | undefined;
}

export const MEDIA_TYPE: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

export const ENCODING_OF: ReadonlyMap<string, Encoding> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/vnd.kubernetes.protobuf', 'protobuf'],
]);

const OBJECT_TYPES = Object.values(MEDIA_TYPE);
const LIST_TYPES = [...OBJECT_TYPES, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

const KINDS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
const VERSIONS = ['v1', 'v1beta1'] as const;

const PLAIN_JSON: Accepted = { encoding: 'json', as: undefined };

interface Clause {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Accept headers remembered with what they mean; clients have few. */
const REMEMBERED_MAX = 256;

/** Reads Accept headers. Remembers them: a client sends the same one with every request. */
export class Negotiator {
  readonly #known = new Map<string, Accepted | ApiError>();

  /** For answers that are objects of a kind. @throws ApiError (406) when there is nothing the client takes. */
  object(accept: string | undefined): Accepted {
    return this.#remember('o', accept, () => negotiate(accept ?? '', OBJECT_TYPES, true));
  }

  /** For lists. @throws ApiError (406) */
  list(accept: string | undefined): Accepted {
    return this.#remember('l', accept, () => negotiate(accept ?? '', LIST_TYPES, true));
  }

  /** For Status and other answers that are not of a kind: never fails, JSON is the last resort. */
  status(accept: string | undefined): Encoding {
    return this.#remember('s', accept, () => {
      try {
        return negotiate(accept ?? '', OBJECT_TYPES, false);
      } catch {
        return PLAIN_JSON; // what cannot be negotiated is told in JSON
      }
    }).encoding;
  }

  #remember(purpose: string, accept: string | undefined, find: () => Accepted): Accepted {
    if (accept === undefined || accept === 'application/json' || accept === '*/*') return PLAIN_JSON;
    const key = purpose + accept;
    let known = this.#known.get(key);
    if (!known) {
      known = settle(find);
      if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
      this.#known.set(key, known);
    }
    if (known instanceof Error) throw known;
    return known;
  }
}

function settle(find: () => Accepted): Accepted | ApiError {
  try {
    return find();
  } catch (error) {
    return error as ApiError; // negotiate throws nothing else
  }
}

function negotiate(accept: string, produced: readonly string[], convertible: boolean): Accepted {
  const clauses = parseAccept(accept);
  if (clauses.length === 0) return PLAIN_JSON;
  if (!clauses.some(({ type }) => type === '*/*' || ENCODING_OF.has(type))) {
    throw apiError.custom({
      code: 406,
      reason: 'NotAcceptable',
      message: `406: Not Acceptable\n\nAvailable representations: ${produced.join(', ')}`,
      details: {},
    });
  }
  for (const clause of clauses) {
    const accepted = readClause(clause, convertible);
    if (accepted) return accepted;
  }
  throw apiError.notAcceptable(`only the following media types are accepted: ${OBJECT_TYPES.join(', ')}`);
}

function readClause({ type, parameters }: Clause, convertible: boolean): Accepted | undefined {
  const encoding = type === '*/*' ? 'json' : ENCODING_OF.get(type);
  const stream = parameters.get('stream') ?? '';
  if (!encoding || parameters.has('sv') || (stream !== '' && stream !== 'watch')) return undefined;
  if (!['as', 'g', 'v'].some((name) => parameters.has(name))) return { encoding, as: undefined };
  const as = convertible && parameters.get('g') === 'meta.k8s.io' ? transformation(parameters) : undefined;
  return as && !(as.kind === 'Table' && encoding === 'protobuf') ? { encoding, as } : undefined;
}

function transformation(parameters: ReadonlyMap<string, string>): Transformation | undefined {
  const kind = KINDS.find((each) => each === parameters.get('as'));
  const version = VERSIONS.find((each) => each === parameters.get('v'));
  return kind && version ? { kind, version } : undefined;
}

/** The clauses of an Accept header, most wanted first. */
function parseAccept(accept: string): Clause[] {
  const clauses = accept.split(',').map(parseClause);
  return clauses.filter(({ type }) => type !== '').sort((a, b) => b.quality - a.quality);
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((parameter): [string, string] => {
      const [name = '', ...value] = parameter.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
  const quality = Number(parameters.get('q') ?? 1);
  return { type: type === '*' ? '*/*' : type, quality: Number.isNaN(quality) ? 1 : quality, parameters };
}
