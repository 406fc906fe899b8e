/**
 * etcd's v3 API in front of a store, so that what speaks to etcd (etcdctl, client libraries, a real kube-apiserver) works on it.
 *
 * ```
 *   port ── first bytes ──► HTTP/1: /health, /version, /metrics
 *                     └───► HTTP/2 ── gRPC ──► kv/, watch/, lease, cluster, maintenance, auth, health ──► Store
 * ```
 */

import type { Server as Http1Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { Clock, Logger, Random, Service } from '../../runtime/index.ts';
import { WATCH_SERVICE } from '../rpc/index.ts';
import type { Store } from '../store.ts';
import { Alarms } from './alarms.ts';
import { authRoutes } from './auth-service.ts';
import { type Backend, headerOf, type Limits } from './backend.ts';
import { clusterRoutes } from './cluster-service.ts';
import { etcdError, toGrpcError } from './errors.ts';
import { GrpcServer, type Route, streaming } from './grpc/server.ts';
import { healthRoutes } from './health-service.ts';
import { HttpFace } from './http.ts';
import { kvRoutes } from './kv/kv-service.ts';
import { leaseRoutes } from './lease-service.ts';
import { type EndpointTls, Listener, parseListenUrl } from './listener.ts';
import { maintenanceRoutes } from './maintenance-service.ts';
import { type Member, newMember } from './member.ts';
import { EndpointMetrics } from './metrics.ts';
import { Quota } from './quota.ts';
import { WatchEncoder } from './watch/watch-encoder.ts';
import { WatchStream } from './watch/watch-stream.ts';

/** What a message may have beyond a request (server/etcdserver/api/v3rpc/grpc.go, `grpcOverheadBytes`). */
const MESSAGE_OVERHEAD_BYTES = 512 * 1024;
/** What a client may send of a stream, and of a connection, before it waits to be read. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Node gives up a connection that holds more, in millions of bytes: many calls at once, on one connection, are usual. */
const SESSION_MEMORY_MB_MAX = 1000;
/** How long calls that are under way may take to end when the endpoint stops. */
const STOP_MS_MAX = 2000;

/** etcd's defaults (server/embed/config.go). */
export const ENDPOINT_DEFAULTS = {
  requestBytesMax: 1.5 * 1024 * 1024,
  transactionOpsMax: 128,
  quotaBytes: 2 * 1024 * 1024 * 1024,
  progressIntervalMs: 600_000,
} as const;

export interface EtcdEndpointOptions {
  readonly store: Store;
  /** Such as `http://127.0.0.1:2379`; port 0 for a free one. */
  readonly listenClientUrls: readonly string[];
  /** What clients are told to reach this member by; default where it listens. */
  readonly advertiseClientUrls?: readonly string[] | undefined;
  /** For the https URLs. */
  readonly tls?: EndpointTls | undefined;
  readonly name?: string | undefined;
  /** Who this member is; default somebody new. */
  readonly member?: Member | undefined;
  /** Keeps the member's alarms. */
  readonly saveMember?: ((member: Member) => Promise<void>) | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** The most that the store may take on the disk; undefined for no limit. */
  readonly quotaBytes?: number | undefined;
  readonly progressIntervalMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface EtcdEndpoint extends Service {
  /** Where it listens, once started. */
  readonly urls: readonly string[];
}

/** @throws UserError when the URLs or the certificate cannot be used. */
export function createEtcdEndpoint(options: EtcdEndpointOptions): EtcdEndpoint {
  return new Endpoint(options);
}

class Endpoint implements EtcdEndpoint {
  readonly #clock: Clock;
  readonly #grpc: GrpcServer;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #listeners: readonly Listener[];
  #stopped: Promise<void> | undefined;

  constructor(options: EtcdEndpointOptions) {
    const backend = backendOf(options, () => options.advertiseClientUrls ?? this.urls);
    const { clock, logger } = options;
    const metrics = new EndpointMetrics(backend);
    const face = new HttpFace(backend, metrics);
    this.#clock = clock;
    this.#grpc = new GrpcServer({
      routes: routesOf(backend),
      messageBytesMax: backend.limits.requestBytesMax + MESSAGE_OVERHEAD_BYTES,
      observer: metrics,
      toGrpcError,
      logger,
    });
    this.#http1 = face.createHttp1();
    this.#http2 = this.#createHttp2(face);
    this.#listeners = options.listenClientUrls.map(
      (url) => new Listener({ url: parseListenUrl(url), tls: options.tls, http1: this.#http1, http2: this.#http2, clock }),
    );
  }

  get urls(): readonly string[] {
    return this.#listeners.map(({ url }) => url);
  }

  get url(): string | undefined {
    return this.urls[0];
  }

  async start(): Promise<void> {
    try {
      for (const listener of this.#listeners) await listener.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** No new connections and calls; watches end; what is being answered still is, for a while. */
  async #stop(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#grpc.stop(etcdError.stopped());
    for (const session of this.#sessions) session.close();
    const destroy = () => {
      for (const listener of this.#listeners) listener.destroy();
    };
    using _timer = this.#clock.setTimer(STOP_MS_MAX, destroy);
    for (const listener of this.#listeners) await listener.idle();
  }

  #createHttp2(face: HttpFace): Http2Server {
    const server = createHttp2Server({ maxSessionMemory: SESSION_MEMORY_MB_MAX, settings: { initialWindowSize: STREAM_WINDOW_BYTES } });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      session.on('close', () => this.#sessions.delete(session));
      // The connection is gone with it, and its streams are told.
      session.on('error', () => session.destroy());
    });
    server.on('stream', (stream, headers) => {
      const path = headers[':path'] ?? '/';
      if (GrpcServer.isCall(headers)) this.#grpc.handle(stream, path);
      else face.handleHttp2(stream, headers[':method'] ?? '', path);
    });
    return server;
  }
}

function backendOf(options: EtcdEndpointOptions, clientUrls: () => readonly string[]): Backend {
  const { store, clock, random, logger, name = 'default', limits, progressIntervalMs } = options;
  const member = options.member ?? newMember(random);
  const save = options.saveMember ?? (() => Promise.resolve());
  return {
    store,
    alarms: new Alarms(member.alarms, (alarms) => save({ ...member, alarms })),
    quota: new Quota(store, options.quotaBytes),
    limits: {
      requestBytesMax: limits?.requestBytesMax ?? ENDPOINT_DEFAULTS.requestBytesMax,
      transactionOpsMax: limits?.transactionOpsMax ?? ENDPOINT_DEFAULTS.transactionOpsMax,
    },
    clusterId: member.clusterId,
    memberId: member.memberId,
    name,
    clientUrls,
    progressIntervalMs: progressIntervalMs ?? ENDPOINT_DEFAULTS.progressIntervalMs,
    clock,
    random,
    logger,
  };
}

function routesOf(backend: Backend): Route[] {
  const encoder = new WatchEncoder((revision) => headerOf(backend, revision));
  return [
    ...kvRoutes(backend),
    streaming(WATCH_SERVICE.watch, (call) => new WatchStream(backend, encoder, call)),
    ...leaseRoutes(backend),
    ...clusterRoutes(backend),
    ...maintenanceRoutes(backend),
    ...authRoutes(backend),
    ...healthRoutes(),
  ];
}
