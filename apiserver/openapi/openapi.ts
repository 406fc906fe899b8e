import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../runtime/index.ts';
import type { DocumentResponse } from '../discovery/index.ts';
import { bestOffer } from './accept.ts';
import { discoveryDocumentsV3, documentV2, documentV3 } from './documents.ts';
import { fixedDocumentsV3, fixedPathsV2 } from './fixed-documents.ts';
import { encodeGnostic, GNOSTIC_MEDIA_TYPE, GNOSTIC_NAMES } from './gnostic.ts';
import { encodeGnosticV3, GNOSTIC_V3_MEDIA_TYPE, GNOSTIC_V3_NAMES } from './gnostic-v3.ts';
import type { JsonObject } from './json-node.ts';
import { jsonText } from './json-text.ts';
import { isStruct } from './operations.ts';
import type { PublishedKind } from './published-kind.ts';
import { mergeV2, type RemoteSpec } from './remote-specs.ts';
import { inTurns, type Steps } from './steps.ts';

export interface OpenApiOptions {
  /** The kinds that are served now: the same array as long as nothing changes. */
  readonly kinds: () => readonly PublishedKind[];
  /** What other servers say of what they serve: likewise. */
  readonly others?: (() => readonly RemoteSpec[]) | undefined;
  readonly clock?: Clock | undefined;
  /** Whether others are told how to check tokens of service accounts; no unless given. */
  readonly openid?: boolean | undefined;
}

export interface OpenApi {
  /**
   * Answers a GET. A document that is made first lets other work have its turns.
   *
   * @param url path and query: `hash` is what the index said the document was.
   * @returns undefined when the path is not under /openapi; 404 without a body when there is no such document.
   */
  respond(url: string, accept: string | undefined, ifNoneMatch?: string | undefined): Promise<DocumentResponse | undefined>;
}

/** A document in one encoding, with its hash. */
interface Encoded {
  readonly contentType: string;
  readonly body: Buffer;
  readonly hash: string;
}

/** When it was made. */
type Dated = Encoded & { readonly modifiedMs: number };

const JSON_TYPE = 'application/json';
const V3 = '/openapi/v3/';
/** Version 2 is compressed for who takes that. */
const VARY_V2 = 'Accept-Encoding, Accept';
const NOBODY: readonly RemoteSpec[] = [];
const NO_DOCUMENT: DocumentResponse = { status: 404, contentType: '', headers: {}, body: Buffer.alloc(0) };
const notAcceptable = (vary: string): DocumentResponse => ({ status: 406, contentType: '', headers: { vary }, body: Buffer.alloc(0) });
type Form = 'json' | 'gnostic';

/** The encodings of a version of OpenAPI. */
const forms = (names: readonly string[]): ReadonlyMap<string, Form> =>
  new Map<string, Form>([[JSON_TYPE, 'json'], ...names.map((name): [string, Form] => [name, 'gnostic'])]);
const FORMS_V2 = forms(GNOSTIC_NAMES);
const FORMS_V3 = forms(GNOSTIC_V3_NAMES);
/** What is asked for by its hash never changes. */
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** Documents are built when they are first asked for, and kept until the kinds change. */
export const createOpenApi = (options: OpenApiOptions): OpenApi => new OpenApiServer(options);

class OpenApiServer implements OpenApi {
  readonly #options: OpenApiOptions;
  readonly #clock: Clock;
  readonly #openid: boolean;
  readonly #fixed: ReadonlyMap<string, () => JsonObject>;
  #kinds: readonly PublishedKind[] | undefined;
  #others: readonly RemoteSpec[] = NOBODY;
  /** Who asks for a document that is being made gets that one. */
  readonly #documents = new Map<string, Promise<Dated>>();
  /** Documents of one group and version, with the kinds they are made of: they stay while those do. */
  readonly #parts = new Map<string, { readonly of: readonly PublishedKind[]; readonly document: Promise<Dated> }>();

  /** Documents of version 3 by what they are in JSON. */
  readonly #protobufs = new WeakMap<Dated, Promise<Dated>>();

  constructor(options: OpenApiOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#openid = options.openid ?? false;
    this.#fixed = fixedDocumentsV3(this.#openid);
  }

  async respond(url: string, accept: string | undefined, ifNoneMatch?: string): Promise<DocumentResponse | undefined> {
    const kinds = this.#refresh();
    const [path = '', query = ''] = url.split('?');
    if (path === '/openapi/v2') {
      const form = bestOffer(accept, FORMS_V2);
      return form === undefined ? notAcceptable(VARY_V2) : answer(await this.#v2(kinds, form), ifNoneMatch, { vary: VARY_V2 });
    }
    if (path === '/openapi/v3') return indexAnswer(await this.#index(kinds));
    if (!path.startsWith(V3)) return undefined;
    const inJson = await this.#v3(kinds, path.slice(V3.length));
    if (!inJson) return NO_DOCUMENT;
    const form = bestOffer(accept, FORMS_V3);
    if (form === undefined) return notAcceptable('Accept');
    const document = form === 'gnostic' ? await this.#inProtobuf(inJson) : inJson;
    const hash = new URLSearchParams(query).get('hash') ?? '';
    if (hash === '') return answer(document, ifNoneMatch);
    if (hash !== document.hash) return moved(document, `${path}?hash=${document.hash}`);
    const expires = new Date(this.#clock.now() + YEAR_MS).toUTCString();
    return answer(document, ifNoneMatch, { 'cache-control': 'public, immutable', expires });
  }

  #refresh(): readonly PublishedKind[] {
    const kinds = this.#options.kinds();
    const others = this.#options.others?.() ?? NOBODY;
    if (kinds !== this.#kinds || others !== this.#others) {
      this.#kinds = kinds;
      this.#others = others;
      this.#documents.clear();
    }
    return kinds;
  }

  #kept(key: string, build: () => Promise<Dated>): Promise<Dated> {
    const document = this.#documents.get(key) ?? build();
    this.#documents.set(key, document);
    return document;
  }

  async #made(steps: Steps<Encoded>): Promise<Dated> {
    return { ...(await inTurns(steps, this.#clock)), modifiedMs: this.#clock.now() };
  }

  #v2(kinds: readonly PublishedKind[], form: Form): Promise<Dated> {
    return this.#kept(`v2 ${form}`, () => this.#made(encodedV2(documentV2(kinds, fixedPathsV2(this.#openid)), this.#others, form)));
  }

  #v3(kinds: readonly PublishedKind[], name: string): Promise<Dated> | undefined {
    const fixed = this.#fixed.get(name);
    if (fixed) return this.#kept(name, () => this.#made(encoded(fixed())));
    const own = kinds.filter((kind) => documentName(kind) === name);
    if (own.length === 0) {
      const build = discoveryDocumentsV3(kinds).get(name);
      return build && this.#kept(name, () => this.#made(encodedV3(build())));
    }
    const kept = this.#parts.get(name);
    if (kept && kept.of.length === own.length && kept.of.every((kind, index) => kind === own[index])) return kept.document;
    // A document speaks of its own kinds, and of those that were there from the start.
    const known = [...kinds.filter((kind) => isStruct(kind) && !own.includes(kind)), ...own];
    const document = this.#made(encodedV3(documentV3(own, known)));
    this.#parts.set(name, { of: own, document });
    return document;
  }

  #inProtobuf(inJson: Dated): Promise<Dated> {
    const document = this.#protobufs.get(inJson) ?? this.#made(protobufV3(inJson));
    this.#protobufs.set(inJson, document);
    return document;
  }

  /** Where each document is, with its hash: so every document is built for it. */
  #index(kinds: readonly PublishedKind[]): Promise<Dated> {
    const others = this.#others;
    return this.#kept('index', async () => {
      const urls = new Map<string, string>();
      for (const name of new Set([...kinds.map(documentName), ...discoveryDocumentsV3(kinds).keys(), ...this.#fixed.keys()])) {
        urls.set(name, `/openapi/v3/${name}?hash=${(await this.#v3(kinds, name))?.hash ?? ''}`);
      }
      for (const { name, url } of others) if (url !== undefined) urls.set(name, url);
      const entries = [...urls].sort(([a], [b]) => (a < b ? -1 : 1));
      const paths = Object.fromEntries(entries.map(([name, serverRelativeURL]): [string, JsonObject] => [name, { serverRelativeURL }]));
      return { ...hashed(Buffer.from(JSON.stringify({ paths })), 'text/plain; charset=utf-8'), modifiedMs: this.#clock.now() };
    });
  }
}

const documentName = ({ info: { group, version } }: PublishedKind): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

function* encoded(document: JsonObject): Steps<Encoded> {
  return hashed(Buffer.from(yield* jsonText(document)), JSON_TYPE);
}

function* encodedV2(own: Steps<JsonObject>, others: readonly RemoteSpec[], form: Form): Steps<Encoded> {
  const document = yield* mergeV2(yield* own, others);
  return form === 'gnostic' ? hashed(yield* encodeGnostic(document), GNOSTIC_MEDIA_TYPE) : yield* encoded(document);
}

function* encodedV3(document: Steps<JsonObject>): Steps<Encoded> {
  return yield* encoded(yield* document);
}

/** What it is known by is the hash of the JSON: the index tells of no other. */
function* protobufV3({ body, hash }: Encoded): Steps<Encoded> {
  return { contentType: GNOSTIC_V3_MEDIA_TYPE, body: yield* encodeGnosticV3(JSON.parse(body.toString())), hash };
}

const hashed = (body: Buffer, contentType: string): Encoded => ({
  contentType,
  body,
  hash: createHash('sha512').update(body).digest('hex').toUpperCase(),
});

/**
 * The index is not kept by its hash, nor does it say when it was made: upstream's does, to the second, and a client that asks whether it has changed
 * (kubectl) does not see what has become of it in the same second.
 */
const indexAnswer = ({ contentType, body }: Dated): DocumentResponse => ({ status: 200, contentType, headers: {}, body });

function answer(
  { contentType, body, hash, modifiedMs }: Dated,
  ifNoneMatch: string | undefined,
  caching: Record<string, string> = {},
): DocumentResponse {
  const etag = `"${hash}"`;
  const headers = { etag, vary: 'Accept', ...caching };
  const unchanged = ifNoneMatch?.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim())) ?? false;
  return unchanged ? { status: 304, contentType, headers, body: Buffer.alloc(0) } : { status: 200, contentType, headers, body, modifiedMs };
}

/** The document has changed since the index was read: a client that kept the old URL is sent to the new one, by headers alone. */
const moved = ({ contentType, hash }: Encoded, location: string): DocumentResponse => ({
  status: 301,
  contentType,
  headers: { location, etag: `"${hash}"`, vary: 'Accept' },
  body: Buffer.alloc(0),
});
