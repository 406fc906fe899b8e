import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { OptionError, type OptionValues, UserError } from '../runtime/index.ts';
import { formatIp, parseCidr } from './allocators/ip-allocator.ts';
import type { apiServerOptions } from './options.ts';

/** The API server's options as they were given. */
export type ApiServerValues = OptionValues<typeof apiServerOptions>;

/** What follows from the options, checked once. */
export interface CompiledOptions {
  readonly serviceNodePortRange: { readonly from: number; readonly to: number };
  /** First address of the Service range: the Service `kubernetes`. */
  readonly kubernetesServiceIp: string;
}

const PORT_MAX = 65_535;

/** @throws OptionError that says what to change. */
export function compileOptions(values: ApiServerValues): CompiledOptions {
  checkPairs(values);
  checkModes(values);
  for (const name of ['bind-address', 'advertise-address'] as const) {
    const ip = values[name];
    if (ip !== undefined && isIP(ip) === 0) throw new OptionError(`option --${name} takes an IP address, not "${ip}"`);
  }
  return {
    serviceNodePortRange: portRange(values['service-node-port-range']),
    kubernetesServiceIp: firstIp(values['service-cluster-ip-range']),
  };
}

const AUTHORIZERS: readonly string[] = ['Node', 'RBAC', 'AlwaysAllow'];

function checkModes(values: ApiServerValues): void {
  const modes = values['authorization-mode'];
  const unknown = modes.find((mode) => !AUTHORIZERS.includes(mode));
  if (unknown !== undefined) throw new OptionError(`option --authorization-mode knows ${AUTHORIZERS.join(', ')}, not "${unknown}"`);
  if (modes.length === 0) throw new OptionError('option --authorization-mode needs at least one authorizer, such as RBAC');
  if (!values['allow-privileged']) throw new OptionError('option --allow-privileged=false is not possible; leave the option out');
}

function checkPairs(values: ApiServerValues): void {
  const pairs = [
    ['tls-cert-file', 'tls-private-key-file'],
    ['kubelet-client-certificate', 'kubelet-client-key'],
  ] as const;
  for (const [one, other] of pairs) {
    if ((values[one] === undefined) !== (values[other] === undefined)) throw new OptionError(`options --${one} and --${other} go together`);
  }
}

function portRange(text: string): { from: number; to: number } {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { from: Number(from), to: Number(to) };
  if (!(range.from >= 1 && range.from <= range.to && range.to <= PORT_MAX)) {
    throw new OptionError(`option --service-node-port-range takes two ports such as 30000-32767, not "${text}"`);
  }
  return range;
}

function firstIp(range: string): string {
  try {
    return formatIp(parseCidr(range).first + 1);
  } catch {
    throw new OptionError(`option --service-cluster-ip-range takes an IPv4 range such as 10.96.0.0/16, not "${range}"`);
  }
}

/** Reads a PEM file that an option names. @throws UserError when it cannot be read or is none. */
export function readPem(optionName: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`--${optionName}: ${path} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!text.includes('-----BEGIN '))
    throw new UserError(`--${optionName}: ${path} holds no PEM; it must begin with a line like -----BEGIN CERTIFICATE-----`);
  return text;
}
