import type { HttpResponse } from '../../cri.ts';
import { BadAnswer, ConnectError } from '../network/listener.ts';
import type { ProcessContext } from '../program.ts';
import type { ExternalAuth } from './annotations.ts';
import type { Incoming } from './incoming.ts';
import { page, redirectTo } from './pages.ts';
import { withVariables } from './rewriting.ts';

/** Asks the server that `auth-url` names whether a request may pass; what the client is answered when it may not. */
export async function externallyRefused(
  { network }: Pick<ProcessContext, 'network'>,
  auth: ExternalAuth | undefined,
  incoming: Incoming,
): Promise<HttpResponse | undefined> {
  if (!auth) return undefined;
  const status = await ask(network, auth, incoming);
  if (status >= 200 && status < 300) return undefined;
  if (status === 401 && auth.signIn !== '') return redirectTo(302, signInUrl(auth.signIn, incoming));
  return page(status === 401 || status === 403 ? status : 500);
}

/** The status of the answer; 502 without one. */
async function ask(network: ProcessContext['network'], auth: ExternalAuth, incoming: Incoming): Promise<number> {
  const { headers, method, remote, id, uri, httpHost, isSecure } = incoming;
  const { 'content-length': _, ...passed } = headers;
  try {
    const url = new URL(withVariables(auth.url, incoming));
    const tls = url.protocol === 'https:';
    const dialled = await network.dial(url.hostname, Number(url.port || (tls ? 443 : 80)));
    const answer = await dialled.http(
      {
        method: auth.method,
        path: `${url.pathname}${url.search}`,
        tls,
        headers: {
          ...passed,
          host: url.host,
          'x-request-id': id,
          'x-original-url': `${isSecure ? 'https' : 'http'}://${httpHost}${uri}`,
          'x-original-method': method,
          'x-sent-from': 'nginx-ingress-controller',
          'x-real-ip': remote,
          'x-forwarded-for': remote,
          'x-auth-request-redirect': uri,
        },
      },
      url.hostname,
    );
    return answer.status;
  } catch (error) {
    if (error instanceof ConnectError || error instanceof BadAnswer || error instanceof TypeError) return 502;
    throw error;
  }
}

/** Where a client signs in, with where it wanted to go (upstream `buildAuthSignURL`). */
function signInUrl(signIn: string, incoming: Incoming): string {
  const url = withVariables(signIn, incoming);
  if (/[?&]rd=/.test(url)) return url;
  const wanted = `${incoming.accessScheme}://${incoming.httpHost}${encodeURIComponent(incoming.uri)}`;
  return `${url}${url.includes('?') ? '&' : '?'}rd=${wanted}`;
}
