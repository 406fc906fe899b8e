import type { ProcessContext } from '../program.ts';
import type { Configuration } from './configuration.ts';
import type { ErrorLevel } from './logs.ts';
import type { Endpoint, HttpServer } from './model.ts';
import type { Scope } from './scope.ts';

/** What a client sent; texts are byte strings. */
export interface ClientRequest {
  readonly method: string;
  /** The first line. */
  readonly line: string;
  /** As it was asked: path and query. */
  readonly target: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** By the names that the client wrote. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal | undefined;
}

/** The connection that a request came by. */
export interface ClientConnection {
  readonly address: string;
  readonly port: number;
  readonly endpoint: Endpoint;
  readonly isSecure: boolean;
  readonly number: number;
  requests: number;
  readonly counters: Counters;
}

/** What a server has served since it began. */
export interface Counters {
  accepted: number;
  requests: number;
}

/** An answer on its way out. */
export interface Reply {
  readonly status: number;
  /** Beside those that have fields of their own here. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly type?: string | undefined;
  /** In milliseconds. */
  readonly lastModified?: number | undefined;
  readonly location?: string | undefined;
  /** Parts of it may be asked for. */
  readonly hasRanges?: boolean | undefined;
  /** It is made bit by bit: its length is not told. */
  readonly isChunked?: boolean | undefined;
  /** It came from another server. */
  readonly isProxied?: boolean | undefined;
  /** What another server called the status. */
  readonly reason?: string | undefined;
  /** The connection is closed and nothing is said. */
  readonly isSilent?: boolean | undefined;
}

/** One try at a server of an upstream. */
export interface UpstreamTry {
  readonly address: string;
  status: number;
  ms: number;
  bytes: number;
}

/** A target with the name of its server. */
const ABSOLUTE = /^https?:\/\/([^/?]+)/i;

/** A request while it is answered. */
export class Exchange {
  readonly config: Configuration;
  readonly process: ProcessContext;
  readonly connection: ClientConnection;
  readonly request: ClientRequest;
  readonly startedAt: number;
  readonly startedTicks: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  server: HttpServer;
  scope: Scope;
  /** The path that is looked for, without escapes. */
  uri = '/';
  args = '';
  /** Since an error page is asked for with GET. */
  method: string;
  /** Variables that were set. */
  readonly variables = new Map<string, string>();
  /** Groups of the last pattern that matched, by number and name. */
  groups: ReadonlyMap<string, string> = new Map();
  isInternal = false;
  /** An error page is being made, for this status; 0 lets the page say its own. */
  errorStatus: number | undefined;
  /** The path of the location by prefix that answers: what `alias` and `proxy_pass` put another in place of. */
  prefix = '';
  /** The path is still the one that the location was found by. */
  isLocationValid = true;
  /** Path and query are still as the client wrote them. */
  isUnparsed = true;
  redirects = 0;
  /** Asked by another request, as `auth_request` does. */
  isSubrequest = false;
  user = '';
  tries: UpstreamTry[] = [];
  upstreamHeaders: ReadonlyMap<string, string> = new Map();
  realRoot = '';
  /** As it was sent. */
  status = 0;
  bodyBytesSent = 0;
  bytesSent = 0;
  sentHeaders: readonly (readonly [string, string])[] = [];
  /** What has been served until now. */
  readonly counters: Counters;
  readonly tell: (level: ErrorLevel, text: string) => void;

  constructor(parts: {
    readonly config: Configuration;
    readonly process: ProcessContext;
    readonly connection: ClientConnection;
    readonly request: ClientRequest;
    readonly server: HttpServer;
    readonly tell: (level: ErrorLevel, text: string) => void;
  }) {
    this.config = parts.config;
    this.process = parts.process;
    this.connection = parts.connection;
    this.request = parts.request;
    this.server = parts.server;
    this.scope = parts.server.scope;
    this.method = parts.request.method;
    this.startedAt = parts.process.clock.now();
    this.startedTicks = parts.process.clock.monotonic();
    this.headers = new Map(Object.entries(parts.request.headers).map(([name, value]) => [name.toLowerCase(), value]));
    this.tell = parts.tell;
    this.counters = parts.connection.counters;
  }

  /** The name that was asked for, without a port. */
  get host(): string {
    const [, asked = this.headers.get('host') ?? ''] = ABSOLUTE.exec(this.request.target) ?? [];
    return hostName(asked) || (this.server.names[0] ?? '');
  }

  /** A line of the error log, with what nginx puts behind it. */
  log(level: ErrorLevel, text: string, upstream?: string): void {
    const { connection, request, headers } = this;
    const parts = [
      text,
      `client: ${connection.address}`,
      `server: ${this.server.names[0] ?? ''}`,
      `request: "${request.line}"`,
      ...(upstream === undefined ? [] : [`upstream: "${upstream}"`]),
      ...(headers.has('host') ? [`host: "${headers.get('host')}"`] : []),
      ...(headers.has('referer') ? [`referrer: "${headers.get('referer')}"`] : []),
    ];
    this.tell(level, `*${connection.number} ${parts.join(', ')}`);
  }

  /** Looks for another path from now on. */
  goTo(uri: string, args: string): void {
    this.uri = uri;
    this.args = args;
    this.isUnparsed = false;
  }
}

/** `Name:80` without its port, in small letters. */
export const hostName = (host: string): string => host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
