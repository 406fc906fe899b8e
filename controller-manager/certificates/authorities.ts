import { readFileSync } from 'node:fs';
import { type CertificateAuthority, OptionError, readAuthority } from '../../runtime/index.ts';
import type { SignerName } from './plan.ts';

/** Where an authority is kept: its certificate and its key, as PEM. */
export interface SigningFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The signers that have an authority. */
export type Signers = Readonly<Partial<Record<SignerName, SigningFiles>>>;

/** The part of an option's name that says which signer it is for. */
const OPTION_PARTS: readonly (readonly [part: string, signer: SignerName])[] = [
  ['kubelet-serving', 'kubernetes.io/kubelet-serving'],
  ['kubelet-client', 'kubernetes.io/kube-apiserver-client-kubelet'],
  ['kube-apiserver-client', 'kubernetes.io/kube-apiserver-client'],
  ['legacy-unknown', 'kubernetes.io/legacy-unknown'],
];

/**
 * The signers that the options ask for: one authority for all of them, or one for each.
 *
 * @throws OptionError as upstream's `CSRSigningControllerOptions.Validate`.
 */
export function signersOf(values: Readonly<Record<string, unknown>>): Signers {
  const filesAt = (prefix: string) => pairOf(prefix, values[`${prefix}-cert-file`], values[`${prefix}-key-file`]);
  const shared = filesAt('cluster-signing');
  const own = OPTION_PARTS.flatMap(([part, signer]) => {
    const files = filesAt(`cluster-signing-${part}`);
    return files ? [[signer, files] as const] : [];
  });
  if (!shared) return Object.fromEntries(own);
  if (own.length > 0)
    throw new OptionError('cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time');
  return Object.fromEntries(OPTION_PARTS.map(([, signer]) => [signer, shared]));
}

function pairOf(prefix: string, certFile: unknown, keyFile: unknown): SigningFiles | undefined {
  const [cert, key] = [typeof certFile === 'string' ? certFile : '', typeof keyFile === 'string' ? keyFile : ''];
  if (cert === '' && key === '') return undefined;
  if (cert === '') throw new OptionError(`cannot specify option --${prefix}-key-file without --${prefix}-cert-file`);
  if (key === '') throw new OptionError(`cannot specify option --${prefix}-cert-file without --${prefix}-key-file`);
  return { certFile: cert, keyFile: key };
}

/**
 * Reads an authority: each time that something is signed, so that new files count at once and the key is in memory no longer than needed.
 *
 * @throws Error naming the files when they cannot be read, or do not belong together.
 */
export function loadAuthority({ certFile, keyFile }: SigningFiles): CertificateAuthority {
  try {
    return readAuthority(readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`error reading CA cert file ${JSON.stringify(certFile)} with key file ${JSON.stringify(keyFile)}: ${why}`, {
      cause: error,
    });
  }
}
