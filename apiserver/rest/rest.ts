import type { KindInfo, KubeObject, Verb } from '../../api/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { TokenRequests } from '../auth/token-request.ts';
import type { Authorizer, UserInfo } from '../auth/types.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { Admission } from '../registry/admission-chain.ts';
import type { DeleteRequest } from '../registry/deletion.ts';
import type { ObjectRegistry } from '../registry/object-registry.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { Resource } from '../registry/resource.ts';
import type { RequestContext } from '../registry/strategy.ts';
import type { BodyDecoder } from './decode-body.ts';
import type { Encoder } from './encoder.ts';
import type { KubeletConnector } from './kubelet-connector.ts';
import type { ListSource } from './list-reader.ts';
import type { Negotiator } from './negotiation.ts';
import { deleteOperationOptions, writeOperationOptions } from './operation-options.ts';
import type { Pacer } from './pacer.ts';

/** A kind and its writes. */
export interface Endpoint {
  readonly resource: Resource;
  readonly registry: ObjectRegistry;
  /** Answers verbs of a kind whose objects are not kept; those that keep objects have the same ones. */
  readonly handlers?: Readonly<Partial<Record<Verb, Handler>>> | undefined;
}

/** Answers a create of a kind that is not stored. */
export type Review = (context: { readonly user: UserInfo; readonly namespace: string }, object: KubeObject) => Promise<KubeObject>;

/** What the handlers of all verbs share. */
export interface Rest {
  readonly sourceOf: (resource: Resource) => ListSource;
  readonly negotiator: Negotiator;
  readonly encoder: Encoder;
  /** What long answers are written at the pace of. */
  readonly pacer: Pacer;
  readonly decoder: BodyDecoder;
  readonly admission: Admission;
  readonly authorizer: Authorizer;
  /** Makes the tokens of service accounts; undefined when none are made. */
  readonly tokens: TokenRequests | undefined;
  readonly objects: ObjectReader & ObjectWriter;
  readonly kubelets: KubeletConnector;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Watches end with the server. */
  readonly stopping: AbortSignal;
  /** Shortest timeout given to a watch that names none. */
  readonly minRequestTimeoutMs: number;
  endpointOf(kind: Pick<KindInfo, 'group' | 'resource'>): Endpoint | undefined;
}

/** Handles one verb of one kind. */
export type Handler = (rest: Rest, exchange: Exchange, endpoint: Endpoint) => Promise<void> | void;

/** What strategies and admission are told of a request. @param deletion what a delete was asked with. */
export const contextOf = (
  { objects, clock }: Pick<Rest, 'objects' | 'clock'>,
  exchange: Exchange,
  dryRun: boolean,
  deletion?: DeleteRequest,
): RequestContext => ({
  user: exchange.user,
  namespace: exchange.info.namespace,
  now: exchange.now,
  dryRun,
  objects,
  span: exchange.span,
  warn: (text) => exchange.warn(text),
  warnAnyway: (text) => exchange.warn(text),
  annotate: (key, value, level) => exchange.audit?.annotate(key, value, level),
  signal: () => exchange.signal,
  remainingMs: () => exchange.deadline - clock.monotonic(),
  options: (operation) => (operation === 'DELETE' ? deleteOperationOptions(deletion ?? {}) : writeOperationOptions(exchange, operation)),
});
