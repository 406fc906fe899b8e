import type { HttpResponse } from '../../cri.ts';
import { serveHttpStream } from '../network/http-stream.ts';
import type { Listener, ServedRequest } from '../network/listener.ts';
import { TlsListener } from '../network/tls-listener.ts';
import type { ProcessContext } from '../program.ts';
import type { Certificates, Pems } from './certificates.ts';
import type { ControllerFlags } from './flags.ts';
import type { Configuration } from './model.ts';
import { page, plainOnTls } from './pages.ts';
import type { IngressProxy } from './proxy.ts';

/** What the controller's ports lead to. */
export interface ServerParts {
  readonly flags: ControllerFlags;
  readonly proxy: IngressProxy;
  readonly certificates: Certificates;
  readonly fake: Pems;
  /** Of the webhook, where it is on. */
  readonly webhook: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  configuration(): Configuration;
  review(request: ServedRequest): HttpResponse;
  metrics(): string;
}

/** The ports of the controller and of its nginx. */
export class IngressServers {
  readonly #open: { close(): void }[] = [];
  /** Those of nginx, which ends first. */
  readonly #proxied: { close(): void }[] = [];

  /** @throws Error when another listens on one of the ports, or the webhook's certificate is none */
  constructor(context: ProcessContext, parts: ServerParts) {
    const { flags, proxy, fake, webhook } = parts;
    const listen = (port: number, listener: Listener, kept: { close(): void }[]) => {
      const socket = context.listen(port, listener);
      if (!socket) throw new Error(`Port ${port} is already in use. Please check the flag --http-port`);
      kept.push(socket);
    };
    const plain = { isSecure: false, port: flags.ports.http };
    const http: Listener['http'] = (request) => proxy.serve(request, plain);
    const stream: Listener['stream'] = (connection) =>
      serveHttpStream(http, connection, (request, rest) => proxy.tunnel(request, rest, plain));
    listen(flags.ports.http, { http, stream }, this.#proxied);
    const tls = this.#secure(parts, fake);
    listen(flags.ports.https, tls, this.#proxied);
    this.#proxied.push(tls);
    const health = plainListener((path) => this.#health(path, flags.healthPath, parts));
    listen(flags.ports.health, health, this.#open);
    listen(
      flags.ports.default,
      plainListener(() => page(404)),
      this.#proxied,
    );
    if (!flags.webhook || !webhook) return;
    const reviewed = new TlsListener(webhook, (request) => Promise.resolve(parts.review(request)));
    listen(flags.webhook.port, reviewed, this.#open);
    this.#open.push(reviewed);
  }

  #secure({ flags, proxy, certificates, configuration }: ServerParts, fake: Pems): TlsListener {
    const secure = { isSecure: true, port: flags.ports.https };
    return new TlsListener(fake, (request) => proxy.serve(request, secure), {
      contextFor: (name) => certificates.contextFor(configuration(), name, flags.defaultCertificate),
      upgrade: (request, rest) => proxy.tunnel(request, rest, secure),
      onPlain: plainOnTls,
    });
  }

  #health(path: string, healthPath: string, { metrics }: ServerParts): HttpResponse {
    if (path === '/metrics')
      return { status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body: metrics() };
    const text = { 'content-type': 'text/plain; charset=utf-8' };
    if (path === healthPath)
      return this.#proxied.length > 0
        ? { status: 200, headers: text, body: 'ok' }
        : { status: 500, headers: text, body: '[+]ping ok\n[-]nginx-ingress-controller failed: reason withheld\nhealthz check failed\n' };
    return { status: 404, headers: text, body: '404 page not found\n' };
  }

  /** Ends nginx: no more requests are taken. */
  stopProxy(): void {
    for (const one of this.#proxied.splice(0)) one.close();
  }

  close(): void {
    this.stopProxy();
    for (const one of this.#open.splice(0)) one.close();
  }
}

function plainListener(answer: (path: string) => HttpResponse): Listener {
  const http: Listener['http'] = ({ path }) => Promise.resolve(answer(path.replace(/[?#].*$/, '')));
  return { http, stream: (connection) => serveHttpStream(http, connection) };
}
