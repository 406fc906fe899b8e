import {
  apiError,
  coreKinds,
  type ErrorSubject,
  type FieldError,
  fieldError,
  type KindInfo,
  type KubeObject,
  type Live,
  type Pod,
  type TokenRequest,
  toTime,
} from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { TokenIssuer, TokenReference } from './service-account-tokens.ts';

/** Who asks for which account's token. */
export interface TokenRequestContext {
  readonly namespace: string;
  /** The account's. */
  readonly name: string;
  /** Adds a `Warning` header. */
  warn(text: string): void;
  /** Adds a fact to the request's entry in the audit log. */
  annotate(key: string, value: string): void;
  /** Validating admission, which comes after the request was checked and before anything is looked up for it. */
  validate(request: TokenRequest): Promise<void>;
}

/** Answers the `token` subresource of service accounts. */
export interface TokenRequests {
  /**
   * @param request as it was sent; it is filled in.
   * @throws ApiError (400, 404, 409, 422)
   */
  answer(context: TokenRequestContext, request: TokenRequest): Promise<TokenRequest>;
}

export interface TokenRequestsOptions {
  readonly issuer: TokenIssuer;
  readonly objects: ObjectReader;
  readonly clock: Clock;
  /** What a token is good for that does not say: `--api-audiences`. */
  readonly apiAudiences: readonly string[];
  /** `--service-account-extend-token-expiration` */
  readonly extendExpiration: boolean;
  /** `--service-account-max-token-expiration`; 0 for no limit. */
  readonly maxExpirationSeconds: number;
}

const SUBJECT: ErrorSubject = { group: 'authentication.k8s.io', resource: 'TokenRequest' };

/** Where the audit log has which token was given (`pkg/registry/core/serviceaccount/storage/token.go`). */
const ISSUED = 'authentication.kubernetes.io/issued-credential-id';
const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** The lifetime kubelets ask for the tokens of pods that know nothing of tokens that expire. */
const EXTENDED_WHEN_SECONDS = 3607;
/** How long such a token really lives; its holder is noted from the asked time on. */
const EXTENDED_TO_SECONDS = 365 * 24 * 3600;

/** What a token is tied to. */
interface Bound {
  readonly pod?: TokenReference | undefined;
  readonly secret?: TokenReference | undefined;
  readonly node?: TokenReference | undefined;
}

/** What a request says that does not say how long: it is what its sender owns, too. Upstream: pkg/apis/authentication/v1/defaults.go. */
export function setTokenRequestDefaults({ spec }: TokenRequest): void {
  spec.expirationSeconds ??= DEFAULT_SECONDS;
}

export const createTokenRequests = (options: TokenRequestsOptions): TokenRequests => ({
  answer: async (context, request) => {
    checkName(context, request);
    const account = existing(options.objects, coreKinds.serviceaccounts, context.namespace, context.name);
    complete(options, request, account);
    const errors = validateTokenRequest(request);
    if (errors.length > 0) throw apiError.invalid(SUBJECT, '', errors);
    await context.validate(request);
    const bound = boundTo(options.objects, context, request);
    shorten(options, context, request);
    context.annotate(ISSUED, issue(options, request, { account: referenceTo(account), bound }));
    return request;
  },
});

/** The body may repeat the account's name, and say no other. */
function checkName({ name }: TokenRequestContext, { metadata }: TokenRequest): void {
  if (!metadata.name || metadata.name === name) return;
  const error = fieldError.invalid('metadata.name', metadata.name, 'must match the service account name if specified');
  throw apiError.invalid(SUBJECT, name, [error]);
}

function complete({ apiAudiences, clock }: TokenRequestsOptions, request: TokenRequest, account: Live<KubeObject>): void {
  const { metadata, spec } = request;
  if (metadata.uid && metadata.uid !== account.metadata.uid) {
    const why = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${account.metadata.uid})`;
    throw apiError.conflict(SUBJECT, account.metadata.name, why);
  }
  // An absent list is null, whatever its type says: it is required of those who write it.
  if (!spec.audiences?.length) spec.audiences = [...apiAudiences];
  const { name, namespace, uid } = account.metadata;
  const { managedFields, ...given } = metadata;
  const own = { name, namespace, uid, creationTimestamp: toTime(clock.now()) };
  // In the order of Go's members.
  request.metadata = { ...own, ...given, ...own, ...(managedFields ? { managedFields } : {}) };
}

function validateTokenRequest({ spec }: TokenRequest): FieldError[] {
  const seconds = Number(spec.expirationSeconds);
  const wrong = (detail: string) => [fieldError.invalid('spec.expirationSeconds', spec.expirationSeconds, detail)];
  if (seconds < MIN_SECONDS) return wrong('may not specify a duration less than 10 minutes');
  if (seconds > MAX_SECONDS) return wrong('may not specify a duration larger than 2^32 seconds');
  return [];
}

/** What the token dies with. @throws ApiError when it is not there, or another than the one meant. */
function boundTo(objects: ObjectReader, { namespace, name }: TokenRequestContext, { spec }: TokenRequest): Bound {
  const wanted = spec.boundObjectRef;
  if (!wanted) return {};
  const { apiVersion = '', kind = '', name: boundName = '', uid = '' } = wanted;
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  const find = group === '' && Object.hasOwn(BINDABLE, kind) ? BINDABLE[kind] : undefined;
  if (!find) throw apiError.badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  const found = find(objects, { namespace, name: boundName, account: name });
  if (uid !== '' && uid !== found.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw apiError.conflict({ group: '', resource: kind }, boundName, why);
  }
  return found.bound;
}

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly account: string;
}

interface Found {
  readonly uid: string;
  readonly bound: Bound;
}

/** The kinds a token can be bound to. */
const BINDABLE: Readonly<Record<string, (objects: ObjectReader, wanted: Wanted) => Found>> = {
  [coreKinds.pods.kind]: findPod,
  [coreKinds.nodes.kind]: (objects, { name }) => {
    const node = referenceTo(existing(objects, coreKinds.nodes, '', name));
    return { uid: node.uid, bound: { node } };
  },
  [coreKinds.secrets.kind]: (objects, { namespace, name }) => {
    const secret = referenceTo(existing(objects, coreKinds.secrets, namespace, name));
    return { uid: secret.uid, bound: { secret } };
  },
};

/** A pod's token also says which node the pod is on; of a node that is not there, only its name. */
function findPod(objects: ObjectReader, { namespace, name, account }: Wanted): Found {
  const pod = existing<Pod>(objects, coreKinds.pods, namespace, name);
  if (pod.spec.serviceAccountName !== account) {
    throw apiError.badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  const { nodeName } = pod.spec;
  const node = nodeName ? { name: nodeName, uid: objects.get(coreKinds.nodes, '', nodeName)?.metadata.uid ?? '' } : undefined;
  return { uid: pod.metadata.uid, bound: { pod: referenceTo(pod), node } };
}

/** No token lives longer than the server allows. */
function shorten({ maxExpirationSeconds: max }: TokenRequestsOptions, context: TokenRequestContext, { spec }: TokenRequest): void {
  const seconds = Number(spec.expirationSeconds);
  if (max === 0 || seconds <= max) return;
  context.warn(`requested expiration of ${seconds} seconds shortened to ${max} seconds`);
  spec.expirationSeconds = max;
}

/** @returns what names the token. */
function issue(
  options: TokenRequestsOptions,
  request: TokenRequest,
  { account, bound }: { account: TokenReference; bound: Bound },
): string {
  const { issuer, clock, apiAudiences, extendExpiration } = options;
  const { audiences, expirationSeconds } = request.spec;
  const seconds = Number(expirationSeconds);
  const own = audiences.every((audience) => apiAudiences.includes(audience));
  const extended = extendExpiration && bound.pod !== undefined && seconds === EXTENDED_WHEN_SECONDS && own;
  const { token, credentialId } = issuer.issue({
    namespace: request.metadata.namespace ?? '',
    account,
    audiences,
    expirationSeconds: extended ? EXTENDED_TO_SECONDS : seconds,
    ...bound,
    warnAfterSeconds: extended ? seconds : undefined,
  });
  request.status = { token, expirationTimestamp: toTime(clock.now() + seconds * 1000) };
  return credentialId;
}

const referenceTo = ({ metadata }: Live<KubeObject>): TokenReference => ({ name: metadata.name, uid: metadata.uid });

function existing<T extends KubeObject>(objects: ObjectReader, kind: KindInfo, namespace: string, name: string): Live<T> {
  if (name === '') throw apiError.badRequest('Name parameter required.');
  const found = objects.get<T>(kind, namespace, name);
  if (!found) throw apiError.notFound(kind, name);
  return found;
}
