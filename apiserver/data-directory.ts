import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../runtime/index.ts';
import type { ApiServerValues } from './settings.ts';

const DEFAULT_DIRECTORY = '.nanokube';
/** What the pair is called in `--cert-dir`: `PairName` of `NewSecureServingOptions`, apiserver/pkg/server/options/serving.go. */
const PAIR = 'apiserver';

/** Where what the server makes is: with the objects in etcd, nothing but certificates and kubeconfigs, which may lie in `--cert-dir`. */
export function dataDirectoryOf(values: Pick<ApiServerValues, 'data-dir' | 'cert-dir' | 'etcd-servers'>): string {
  const { 'data-dir': given, 'cert-dir': certificates, 'etcd-servers': servers } = values;
  if (given !== undefined) return given;
  return certificates !== undefined && servers.length > 0 ? certificates : DEFAULT_DIRECTORY;
}

/** The files of a certificate and its key. */
export interface PairFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * The serving certificate that was brought: that of `--tls-cert-file`, or else the one that lies in `--cert-dir`. Undefined where the server makes its
 * own. Upstream: `MaybeDefaultWithSelfSignedCerts`, apiserver/pkg/server/options/serving.go.
 *
 * @throws UserError when `--cert-dir` has one file of the two.
 */
export function servingPairOf(values: Pick<ApiServerValues, 'tls-cert-file' | 'tls-private-key-file' | 'cert-dir'>): PairFiles | undefined {
  const { 'tls-cert-file': cert, 'tls-private-key-file': key, 'cert-dir': directory } = values;
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (directory === undefined) return undefined;
  const pair = { cert: join(directory, `${PAIR}.crt`), key: join(directory, `${PAIR}.key`) };
  const missing = [pair.cert, pair.key].filter((path) => !existsSync(path));
  if (missing.length === 2) return undefined;
  if (missing.length === 1) throw new UserError(`--cert-dir: ${missing[0]} is missing; certificate and key go together`);
  return pair;
}
