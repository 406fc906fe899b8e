import { type ApiError, apiError } from '../../api/index.ts';
import { type AcceptClause, parseAccept } from '../http/accept.ts';
import { NotRoutedError } from '../pipeline/not-routed.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';

type Form = (typeof FORMS)[number];

/** What an answer is turned into, other than the object itself. */
export interface Transformation {
  readonly form: Form;
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
/** What a watch can be. */
export const STREAM_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const LIST_TYPES = [...OBJECT_TYPES, ...STREAM_TYPES];

const FORMS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const;
const WITHOUT_TABLES = FORMS.filter((form) => form !== 'Table');
const NO_FORMS: readonly Form[] = [];

/** What can be answered. */
interface Offer {
  /** What upstream's router looks for before anybody negotiates; custom resources are not behind it. */
  readonly routed: readonly string[] | undefined;
  readonly forms: readonly Form[];
  /** Whether there is a message for it. */
  readonly inProtobuf: boolean;
}

const OBJECTS: Offer = { routed: OBJECT_TYPES, forms: FORMS, inProtobuf: true };
const ANSWERS: Offer = { routed: OBJECT_TYPES, forms: WITHOUT_TABLES, inProtobuf: true };
const LISTS: Offer = { routed: LIST_TYPES, forms: FORMS, inProtobuf: true };
/** Errors come from before and behind the router. */
const STATUS: Offer = { routed: undefined, forms: NO_FORMS, inProtobuf: true };
/** A Status that tells of no error stays what it is whatever it is asked for as. */
const FORMED: Offer = { routed: undefined, forms: FORMS, inProtobuf: true };
/** Objects without a Go struct: in protobuf there is their metadata only (upstream's `StandardSerializers`). */
const CUSTOM: Offer = { routed: undefined, forms: FORMS, inProtobuf: false };
const VERSIONS = ['v1', 'v1beta1'] as const;

const PLAIN_JSON: Accepted = { encoding: 'json', as: undefined };

/** What any of the encodings will do for. */
export const WILDCARDS: ReadonlySet<string> = new Set(['*/*', 'application/*']);

/** Accept headers remembered with what they mean; clients have few. */
const REMEMBERED_MAX = 256;

/** What is answered: a kind with a Go struct has a message. */
interface Typed {
  readonly message?: unknown;
}

/** Reads Accept headers. Remembers them: a client sends the same one with every request. */
export class Negotiator {
  readonly #known = new Map<string, Accepted | ApiError>();

  /** For answers that are objects of a kind. @throws ApiError (406) when there is nothing the client takes. */
  object(accept: string | undefined, { message }: Typed): Accepted {
    return message ? this.#remember('o', accept, OBJECTS) : this.#remember('c', accept, CUSTOM);
  }

  /** For what is answered and not kept, of which upstream makes no tables. @throws ApiError (406) */
  answer(accept: string | undefined): Accepted {
    return this.#remember('a', accept, ANSWERS);
  }

  /** Whether a request for a list finds its way at all, which is looked at before its options are. @throws ApiError (406) */
  routeList(accept: string | undefined, { message }: Typed): void {
    if (!message || accept === undefined || accept === 'application/json') return;
    const refused = notFound(parseAccept(accept), LISTS);
    if (refused) throw refused;
  }

  /** For lists. @throws ApiError (406) */
  list(accept: string | undefined, { message }: Typed): Accepted {
    return message ? this.#remember('l', accept, LISTS) : this.#remember('c', accept, CUSTOM);
  }

  /** For Status and other answers that are not of a kind: never fails, JSON is the last resort. */
  status(accept: string | undefined): Encoding {
    const known = this.#find('f', accept, FORMED);
    return known instanceof Error ? 'json' : known.encoding; // what cannot be negotiated is told in JSON
  }

  /** For a Status that tells of an error: undefined where there is nothing the client takes. */
  error(accept: string | undefined): Encoding | undefined {
    const known = this.#find('s', accept, STATUS);
    return known instanceof Error ? undefined : known.encoding;
  }

  #remember(purpose: string, accept: string | undefined, offer: Offer): Accepted {
    const known = this.#find(purpose, accept, offer);
    if (known instanceof Error) throw known;
    return known;
  }

  #find(purpose: string, accept: string | undefined, offer: Offer): Accepted | ApiError {
    if (accept === undefined || accept === 'application/json' || accept === '*/*') return PLAIN_JSON;
    const key = purpose + accept;
    let known = this.#known.get(key);
    if (!known) {
      known = negotiate(accept, offer);
      if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
      this.#known.set(key, known);
    }
    return known;
  }
}

function negotiate(accept: string, offer: Offer): Accepted | ApiError {
  const clauses = parseAccept(accept);
  if (clauses.length === 0) return PLAIN_JSON;
  const refused = notFound(clauses, offer);
  if (refused) return refused;
  for (const clause of clauses) {
    const accepted = readClause(clause, offer);
    if (accepted) return accepted;
  }
  return onlyThese(OBJECT_TYPES);
}

/** What upstream's router says of clauses that name nothing it has. */
function notFound(clauses: readonly AcceptClause[], { routed }: Offer): ApiError | undefined {
  const isFound = !routed || clauses.length === 0 || clauses.some(({ type }) => type === '*/*' || ENCODING_OF.has(type));
  return isFound ? undefined : notRouted(routed);
}

/** What upstream's router says when a client names none of the media types. */
export const notRouted = (types: readonly string[]): ApiError =>
  new NotRoutedError(
    apiError.custom({
      code: 406,
      reason: 'NotAcceptable',
      message: `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`,
      details: {},
    }).status,
  );

/** What is said when none of the media types will do. */
export const onlyThese = (types: readonly string[]): ApiError =>
  apiError.notAcceptable(`only the following media types are accepted: ${types.join(', ')}`);

function readClause({ type, parameters }: AcceptClause, { forms, inProtobuf }: Offer): Accepted | undefined {
  const encoding = WILDCARDS.has(type) ? 'json' : ENCODING_OF.get(type);
  const stream = parameters.get('stream') ?? '';
  if (!encoding || parameters.has('sv')) return undefined;
  if (stream !== '' && (stream !== 'watch' || encoding === 'yaml')) return undefined;
  if (!['as', 'g', 'v'].some((name) => parameters.has(name)))
    return encoding === 'protobuf' && !inProtobuf ? undefined : { encoding, as: undefined };
  const as = parameters.get('g') === 'meta.k8s.io' ? transformation(parameters, forms) : undefined;
  return as && !(as.form === 'Table' && encoding === 'protobuf') ? { encoding, as } : undefined;
}

function transformation(parameters: ReadonlyMap<string, string>, forms: readonly Form[]): Transformation | undefined {
  const form = forms.find((each) => each === parameters.get('as'));
  const version = VERSIONS.find((each) => each === parameters.get('v'));
  return form && version ? { form, version } : undefined;
}
