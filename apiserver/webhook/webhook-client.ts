// How the API server calls webhooks: upstream's `pkg/util/webhook/client.go` (apiserver), with the errors of Go's HTTP client.
import https from 'node:https';
import { isIP } from 'node:net';
import type { Clock, Random } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { type Address, addressOf, type ServicePort } from './service-address.ts';

/** Bytes of an answer that are read. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Connections kept open, per webhook. */
const SOCKETS_IDLE_MAX = 4;

export interface WebhookService extends ServicePort {
  readonly path?: string | undefined;
}

/** Who is to be called: a URL, or a service in the cluster. */
export interface WebhookTarget {
  readonly url?: string | undefined;
  readonly service?: WebhookService | undefined;
  /** PEM in base64; the system's authorities unless given. */
  readonly caBundle?: string | undefined;
}

export interface WebhookCall {
  readonly target: WebhookTarget;
  readonly body: string;
  readonly timeoutMs: number;
}

interface Parts {
  readonly objects: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
}

/** What is called, as it is told. */
interface Place {
  readonly text: string;
  readonly hostname: string;
  /** With the port, unless it is a URL's usual one. */
  readonly host: string;
  readonly path: string;
}

/** And where that is. */
interface Destination {
  readonly place: Place;
  readonly address: Address;
}

/** Calls webhooks over HTTPS. */
export class WebhookClient {
  readonly #parts: Parts;
  readonly #agents = new Map<string, https.Agent>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Posts JSON; resolves with the answer's text. Rejects with an Error whose message is upstream's. */
  async post({ target, body, timeoutMs }: WebhookCall): Promise<string> {
    const place = placeOf(target, timeoutMs);
    const told = (why: string, cause?: unknown) => new Error(`Post ${JSON.stringify(place.text)}: ${why}`, { cause });
    let destination: Destination;
    try {
      destination = { place, address: this.#addressOf(target, place) };
    } catch (error) {
      throw told(error instanceof Error ? error.message : String(error), error);
    }
    const answer = await this.#send(destination, { target, body, timeoutMs }).catch((error: unknown) => {
      throw told(inGo(error, destination), error);
    });
    if (answer.status < 200 || answer.status > 299) throw new Error(refusal(answer));
    return answer.text;
  }

  /** Lets go of open connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #addressOf({ service }: WebhookTarget, { text, hostname }: Place): Address {
    if (!service) return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(new URL(text).port || 443) };
    return addressOf(this.#parts.objects, this.#parts.random, service);
  }

  #agentOf({ caBundle = '' }: WebhookTarget): https.Agent {
    const known = this.#agents.get(caBundle);
    if (known) return known;
    const pem = Buffer.from(caBundle, 'base64').toString().trim();
    const agent = new https.Agent({ keepAlive: true, maxFreeSockets: SOCKETS_IDLE_MAX, ...(pem === '' ? {} : { ca: pem }) });
    this.#agents.set(caBundle, agent);
    return agent;
  }

  #send({ place, address }: Destination, { target, body, timeoutMs }: WebhookCall): Promise<Answer> {
    const { hostname, host, path } = place;
    return new Promise((resolve, reject) => {
      const request = https.request({
        agent: this.#agentOf(target),
        method: 'POST',
        host: address.host,
        port: address.port,
        // A certificate is for the name that was called, wherever that is.
        servername: isIP(hostname) === 0 ? hostname : '',
        path,
        headers: {
          host,
          'content-type': 'application/json',
          accept: 'application/json, */*',
          'content-length': Buffer.byteLength(body),
        },
      });
      const timer = this.#parts.clock.setTimer(timeoutMs, () => request.destroy(new Error('context deadline exceeded')));
      const settle = () => timer.cancel();
      request.on('error', (error) => {
        settle();
        reject(error);
      });
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) request.destroy(new Error('http: response body too large'));
        });
        response.on('error', reject);
        response.on('end', () => {
          settle();
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      });
      request.end(body);
    });
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** @throws Error for a target that names nobody. */
function placeOf({ url, service }: WebhookTarget, timeoutMs: number): Place {
  if (url === undefined && !service) throw new Error('webhook configuration must have either service or URL');
  const { hostname, host, pathname } = new URL(url ?? `https://${service?.name}.${service?.namespace}.svc${service?.path ?? '/'}`);
  // The port of a service is told even where it is the usual one.
  const told = service ? `${hostname}:${service.port}` : host;
  const path = `${pathname}?timeout=${Math.round(timeoutMs / 1000)}s`;
  return { hostname, host: told, path, text: `https://${told}${path}` };
}

/** What Go says of a call that failed. */
function inGo(error: unknown, { address }: Destination): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const place = address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${place}: connect: connection refused`;
    case 'ECONNRESET':
      return `read tcp ${place}: read: connection reset by peer`;
    case 'EHOSTUNREACH':
      return `dial tcp ${place}: connect: no route to host`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${address.host}: no such host`;
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${error.message}`;
    default:
      return error.message;
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  403: 'forbidden',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  413: 'Request entity too large',
  415: 'the body of the request was in an unknown format',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

/** Client-go's `NewGenericServerResponse`. */
function refusal({ status, text }: Answer): string {
  if (status === 500)
    return `an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding`;
  return REFUSALS[status] ?? `the server responded with the status code ${status} but did not return more information`;
}
