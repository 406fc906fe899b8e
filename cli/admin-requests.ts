import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';

/** An answer of the API server. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Requests as the administrator, by what Node.js has: the command is to begin fast, and a client would have to be loaded. */
export class AdminRequests implements Disposable {
  readonly #url: string;
  readonly #agent: Agent;

  /** @param kubeconfig the admin's; its certificates are in `pki/` beside it. */
  constructor(url: string, kubeconfig: string) {
    this.#url = url;
    const pki = join(dirname(kubeconfig), 'pki');
    const read = (name: string) => readFileSync(join(pki, name));
    this.#agent = new Agent({ keepAlive: true, ca: read('ca.crt'), cert: read('admin.crt'), key: read('admin.key') });
  }

  send(method: 'GET' | 'POST', path: string, body?: object): Promise<AdminAnswer> {
    return new Promise((resolve, reject) => {
      const headers = body ? { 'content-type': 'application/json' } : {};
      const call = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(body && JSON.stringify(body));
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
