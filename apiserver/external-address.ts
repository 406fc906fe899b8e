// Where a server says that it is reached. Upstream: `ResolveBindAddress` (apimachinery, `pkg/util/net`), `ExternalAddress` (apiserver, `pkg/server/config.go`).
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { defaultAdvertiseAddress, isReachable } from './bootstrap/index.ts';

/** The options that say so. */
export interface AddressOptions {
  readonly 'bind-address': string;
  readonly 'advertise-address'?: string | undefined;
  readonly 'external-hostname'?: string | undefined;
  readonly 'service-cluster-ip-range': string;
}

const EVERYWHERE: readonly string[] = ['0.0.0.0', '::'];

/** The address that others reach the server at: what it listens on, unless that is every address of the machine, or one that is nobody else's. */
export function advertiseAddressOf(options: AddressOptions): string | undefined {
  const { 'bind-address': bind, 'advertise-address': given, 'service-cluster-ip-range': serviceRanges } = options;
  if (given !== undefined && !EVERYWHERE.includes(given)) return given;
  return isReachable(bind) && !EVERYWHERE.includes(bind) ? bind : defaultAdvertiseAddress(serviceRanges);
}

/** What the server calls itself: a host with a port, which `--external-hostname` may have one of its own of. */
export function externalAddressOf(options: AddressOptions, port: number): string {
  const host = options['external-hostname'] ?? advertiseAddressOf(options) ?? hostname();
  if (isIP(host) === 6) return `[${host}]:${port}`;
  return host.includes(':') ? host : `${host}:${port}`;
}
