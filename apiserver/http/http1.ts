import { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequest, HttpResponse } from './messages.ts';

/** A request of HTTP/1.1. */
export class Http1Request extends IncomingMessage implements HttpRequest {
  get body(): this {
    return this;
  }

  get hasBody(): boolean {
    return this.headers['transfer-encoding'] !== undefined || Number(this.headers['content-length'] ?? 0) > 0;
  }

  /** The connection is then in the middle of a request, and cannot be used again. */
  abandon(response: HttpResponse): void {
    response.shouldKeepAlive = false;
    response.once('finish', () => this.destroy());
  }
}

/** An answer of HTTP/1.1. */
export class Http1Response extends ServerResponse<Http1Request> implements HttpResponse {
  get sink(): this {
    return this;
  }
}
