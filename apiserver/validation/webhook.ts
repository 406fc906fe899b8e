// How a webhook may be called: upstream's `pkg/util/webhook/validation.go` (apiserver).
import { X509Certificate } from 'node:crypto';
import { type FieldError, fieldError, isDns1123Subdomain, isValidPortNum } from '../../api/index.ts';
import { GoUrlError, parseGoUrl } from './go-url.ts';

const FORM = '; desired format: https://host[/path]';

/** What is wrong with a webhook's URL. */
export function validateWebhookUrl(url: string, path: string): FieldError[] {
  try {
    const { scheme, host, user, fragment, query } = parseGoUrl(url);
    return [
      ...(scheme === 'https' ? [] : [fieldError.invalid(path, scheme, `'https' is the only allowed URL scheme${FORM}`)]),
      ...(host === '' ? [fieldError.invalid(path, host, `host must be specified${FORM}`)] : []),
      ...(user === undefined ? [] : [fieldError.invalid(path, user, 'user information is not permitted in the URL')]),
      ...(fragment === '' ? [] : [fieldError.invalid(path, fragment, 'fragments are not permitted in the URL')]),
      ...(query === '' ? [] : [fieldError.invalid(path, query, 'query parameters are not permitted in the URL')]),
    ];
  } catch (error) {
    if (!(error instanceof GoUrlError)) throw error;
    return [fieldError.required(path, `url must be a valid URL: ${error.message}${FORM}`)];
  }
}

export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string | undefined;
  readonly port: number;
}

/** What is wrong with the service that a webhook is behind. */
export function validateWebhookService({ namespace, name, path: urlPath, port }: WebhookService, path: string): FieldError[] {
  return [
    ...(name === '' ? [fieldError.required(`${path}.name`)] : []),
    ...(namespace === '' ? [fieldError.required(`${path}.namespace`)] : []),
    ...isValidPortNum(port).map((why) => fieldError.invalid(`${path}.port`, port, `port is not valid: ${why}`)),
    ...(urlPath ? urlPathProblems(urlPath).map((why) => fieldError.invalid(`${path}.path`, urlPath, why)) : []),
  ];
}

function urlPathProblems(path: string): string[] {
  if (path === '/') return [];
  if (path === '//') return ['segment[0] may not be empty'];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  return [
    ...(path.startsWith('/') ? [] : ["must start with a '/'"]),
    ...steps.flatMap((step, i) => {
      if (step === '') return [`segment[${i}] may not be empty`];
      return isDns1123Subdomain(step).map((why) => `segment[${i}]: ${why}`);
    }),
  ];
}

const PEM_BLOCK = /-----BEGIN ([^-\n]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** What is wrong with the authorities, in PEM and that in base64, that a webhook is trusted by. */
export function validateCaBundle(bundle: string, path: string): FieldError[] {
  const problem = caBundleProblem(bundle);
  return problem === undefined ? [] : [fieldError.invalid(path, bundle, problem)];
}

/** Why a bundle of authorities cannot be used. */
export function caBundleProblem(bundle: string): string | undefined {
  const blocks = [...Buffer.from(bundle, 'base64').toString('latin1').matchAll(PEM_BLOCK)];
  const certificates = blocks.filter(([, type, body = '']) => type === 'CERTIFICATE' && !body.includes(':'));
  if (certificates.some(([block]) => isCertificate(block))) return undefined;
  const why =
    blocks.length === 0
      ? 'unable to parse bytes as PEM block'
      : certificates.length === 0
        ? 'no valid certificate authority data seen'
        : 'failed to parse certificate: x509: malformed certificate';
  return `unable to load root certificates: ${why}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false; // not one: that is the answer
  }
}
