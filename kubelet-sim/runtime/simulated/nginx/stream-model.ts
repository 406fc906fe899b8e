import { wrongAt } from './config-error.ts';
import { type Listen, parseListen } from './listen.ts';
import type { Scope } from './scope.ts';
import { buildUpstream, peersOf, type ResolveName, Upstream } from './upstreams.ts';

/** A `server` of the stream block. */
export interface StreamServer {
  readonly scope: Scope;
  readonly listens: readonly Listen[];
  readonly upstream: Upstream | undefined;
  /** What is said instead of passing anything on. */
  readonly text: string | undefined;
}

export interface StreamModel {
  readonly servers: readonly StreamServer[];
}

/** @throws ConfigError */
export async function buildStream(scope: Scope, resolve: ResolveName): Promise<StreamModel> {
  const upstreams = new Map<string, Upstream>();
  for (const directive of scope.own('upstream')) upstreams.set(directive.args[0] ?? '', await buildUpstream(directive, resolve, 0));
  const servers: StreamServer[] = [];
  for (const directive of scope.own('server')) {
    const { block } = directive;
    if (!block) continue;
    const listens = block.own('listen').map(parseListen);
    const pass = block.own('proxy_pass')[0];
    if (listens.length === 0) throw wrongAt(directive, 'no "listen" is defined for server');
    const host = pass?.args[0] ?? '';
    const known = upstreams.get(host);
    if (pass && !known && !/:\d+$/.test(host)) throw wrongAt(pass, `no port in upstream "${host}"`);
    const upstream = known ?? (pass && new Upstream(host, await peersOf(resolve, { ...pass, args: [] }, host, 0)));
    servers.push({ scope: block, listens, upstream, text: block.text('return') });
  }
  return { servers };
}
