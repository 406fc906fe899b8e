/** The real etcdctl, for tests. */
import { execFile } from 'node:child_process';
import type { KeyValue } from '../../store/index.ts';
import { findEtcdctl } from './etcd.ts';

export const NO_ETCDCTL = 'there is no etcdctl on the PATH (Debian: etcd-client)';
const OUTPUT_BYTES_MAX = 1 << 30;

/** By itself it waits for seconds only, which do for no large answer on a busy machine; that it does not read from its environment. */
export const PATIENTLY = ['--command-timeout=2m', '--dial-timeout=1m'] as const;

/** @returns what it prints. @throws Error with all it said, when it fails. */
export function etcdctl(...args: string[]): Promise<string> {
  const binary = findEtcdctl();
  if (binary === undefined) throw new Error(NO_ETCDCTL);
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ETCDCTL_API: '3' }, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(binary, [...PATIENTLY, ...args], options, (error, stdout, stderr) =>
      error ? reject(new Error(`etcdctl ${args.join(' ')}: ${stderr}${stdout}`, { cause: error })) : resolve(stdout),
    );
  });
}

/** etcdctl's JSON: 64-bit numbers beyond 2^53 are lease ids only. */
interface KeysAnswer {
  readonly header: { readonly revision: number };
  readonly kvs?: readonly {
    readonly key: string;
    readonly value?: string;
    readonly create_revision: number;
    readonly mod_revision: number;
    readonly version: number;
    readonly lease?: string;
  }[];
}

/** Everything that a member holds, as a store says it; keys are text. */
export async function everythingOf(endpoint: string, ...args: string[]): Promise<{ revision: number; kvs: KeyValue[] }> {
  const text = await etcdctl('--endpoints', endpoint, 'get', '', '--from-key', '-w', 'json', ...args);
  const { header, kvs = [] }: KeysAnswer = JSON.parse(text.replaceAll(/"lease":(\d+)/g, '"lease":"$1"'));
  return {
    revision: header.revision,
    kvs: kvs.map(({ key, value = '', create_revision, mod_revision, version, lease }) => ({
      key: Buffer.from(key, 'base64').toString(),
      value: Buffer.from(value, 'base64'),
      createRevision: create_revision,
      modRevision: mod_revision,
      version,
      lease: lease === undefined ? undefined : BigInt(lease),
    })),
  };
}
