import type { Random } from '../../../../runtime/index.ts';
import { hostPort } from '../../host-port.ts';
import { ConnectError } from '../network/listener.ts';
import type { ProcessContext } from '../program.ts';
import { wrongAt } from './config-error.ts';
import type { Directive, Scope } from './scope.ts';
import type { Template } from './template.ts';
import { templateOf } from './templates.ts';
import { parseTime } from './units.ts';

/** A server that requests are passed on to. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly isBackup: boolean;
  readonly isDown: boolean;
  readonly failsMax: number;
  readonly failTimeoutMs: number;
  /** Smooth weighted round robin: who has the most is next. */
  current: number;
  active: number;
  fails: number;
  failedAt: number;
}

/** How a peer is picked beside round robin. */
export type Balancing = 'round-robin' | 'least-conn' | 'ip-hash' | 'hash' | 'random';

/** What is known of who asks. */
export interface Asking {
  readonly now: number;
  readonly address: string;
  /** What `hash` is of. */
  readonly key: string;
  readonly random: Random;
}

/** Servers that share requests. */
export class Upstream {
  readonly name: string;
  readonly peers: readonly Peer[];
  readonly balancing: Balancing;
  readonly hashKey: Template | undefined;

  constructor(name: string, peers: readonly Peer[], balancing: Balancing = 'round-robin', hashKey?: Template) {
    this.name = name;
    this.peers = peers;
    this.balancing = balancing;
    this.hashKey = hashKey;
  }

  /** The next to be tried, of those that were not yet; backups when no other is left. */
  next(tried: ReadonlySet<Peer>, asking: Asking): Peer | undefined {
    const isLive = (peer: Peer) => !peer.isDown && !tried.has(peer) && !this.#isResting(peer, asking.now);
    const live = this.peers.filter((peer) => !peer.isBackup && isLive(peer));
    const usable = live.length > 0 ? live : this.peers.filter((peer) => peer.isBackup && isLive(peer));
    return usable.length > 1 ? this.#pick(usable, asking) : usable[0];
  }

  /** One that failed often is left alone for a while; the only one there is never is. */
  #isResting(peer: Peer, now: number): boolean {
    if (this.peers.length === 1 || peer.failsMax === 0 || peer.fails < peer.failsMax) return false;
    if (now - peer.failedAt <= peer.failTimeoutMs) return true;
    peer.fails = 0;
    return false;
  }

  #pick(usable: readonly Peer[], { address, key, random }: Asking): Peer | undefined {
    if (this.balancing === 'ip-hash') return byShare(usable, networkHash(address));
    if (this.balancing === 'hash') return byShare(usable, textHash(key));
    if (this.balancing === 'random') return byShare(usable, Math.floor(random.next() * 2 ** 31));
    if (this.balancing === 'round-robin') return roundRobin(usable);
    const least = Math.min(...usable.map(({ active, weight }) => active / weight));
    return roundRobin(usable.filter(({ active, weight }) => active / weight === least));
  }
}

function roundRobin(peers: readonly Peer[]): Peer | undefined {
  const total = peers.reduce((sum, { weight }) => sum + weight, 0);
  for (const peer of peers) peer.current += peer.weight;
  let best = peers[0];
  for (const peer of peers) if (best && peer.current > best.current) best = peer;
  if (best) best.current -= total;
  return best;
}

function byShare(peers: readonly Peer[], hash: number): Peer | undefined {
  const total = peers.reduce((sum, { weight }) => sum + weight, 0);
  let left = hash % total;
  return peers.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
}

/** The first three numbers of an address, as `ip_hash` takes them. */
function networkHash(address: string): number {
  const bytes = address.includes(':') ? [...Buffer.from(address)] : address.split('.').slice(0, 3).map(Number);
  let hash = 89;
  for (const byte of bytes) hash = (hash * 113 + byte) % 6271;
  return hash;
}

function textHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return (hash >>> 16) & 0x7fff;
}

/** Where the names of a configuration lead. */
export type ResolveName = (host: string) => Promise<readonly string[]>;

/** `host`, `host:80`, `[::1]:80`. */
export function splitHost(text: string, usualPort: number): { readonly host: string; readonly port: number } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { host: bracketed ?? plain, port: port === undefined ? usualPort : Number(port) };
}

/** The addresses of a host, as it is when nginx starts. @throws ConfigError when there is no such host */
export async function peersOf(resolve: ResolveName, directive: Directive, name: string, usualPort: number): Promise<Peer[]> {
  const { host, port } = splitHost(name, usualPort);
  const addresses = await resolve(host);
  if (addresses.length === 0) throw wrongAt(directive, `host not found in upstream "${directive.name === 'server' ? name : host}"`);
  const value = (key: string) => directive.args.find((arg) => arg.startsWith(`${key}=`))?.slice(key.length + 1);
  return addresses.map((address) => ({
    address,
    port,
    weight: Number(value('weight') ?? 1),
    isBackup: directive.args.includes('backup'),
    isDown: directive.args.includes('down'),
    failsMax: Number(value('max_fails') ?? 1),
    failTimeoutMs: parseTime(value('fail_timeout') ?? '10s') ?? 10_000,
    current: 0,
    active: 0,
    fails: 0,
    failedAt: 0,
  }));
}

/** An `upstream` block. @throws ConfigError */
export async function buildUpstream(directive: Directive, resolve: ResolveName, usualPort: number): Promise<Upstream> {
  const name = directive.args[0] ?? '';
  const { block } = directive;
  const peers: Peer[] = [];
  for (const server of block?.own('server') ?? []) peers.push(...(await peersOf(resolve, server, server.args[0] ?? '', usualPort)));
  if (peers.every(({ isBackup }) => isBackup)) throw wrongAt(directive, `no servers in upstream "${name}"`);
  const hash = block?.own('hash')[0];
  return new Upstream(name, peers, balancingOf(block), hash && templateOf(hash));
}

function balancingOf(block: Scope | undefined): Balancing {
  if (block?.own('least_conn').length) return 'least-conn';
  if (block?.own('ip_hash').length) return 'ip-hash';
  if (block?.own('hash').length) return 'hash';
  return block?.own('random').length ? 'random' : 'round-robin';
}

const ADDRESS = /^(?:\d+\.\d+\.\d+\.\d+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/;

/** As the C library finds names: none, when there is no such name, or nobody answers. */
export const resolverFor =
  ({ network }: Pick<ProcessContext, 'network'>): ResolveName =>
  async (host) => {
    if (ADDRESS.test(host)) return [host];
    try {
      return (await network.resolve(host)).addresses;
    } catch (error) {
      if (error instanceof ConnectError) return [];
      throw error;
    }
  };

/** As texts have it. */
export const peerName = ({ address, port }: Peer): string => hostPort(address, port);
