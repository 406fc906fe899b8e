import { existsSync } from 'node:fs';
import { z } from 'zod';
import { type FieldError, fieldError } from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import { type ConfigFormat, parseConfig, readConfigText, refuseConfig } from '../config-file.ts';

export const TRACING_OPTION = 'tracing-config-file';

const schema = z.strictObject({
  endpoint: z.string().nullish(),
  samplingRatePerMillion: z.int32().nullish(),
});

const FORMAT: ConfigFormat<z.infer<typeof schema>> = {
  option: TRACING_OPTION,
  kind: 'TracingConfiguration',
  apiVersions: ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`),
  schema,
};

/** Where spans go, and which of those that nobody has decided upon. */
export interface TracingConfiguration {
  /** As gRPC names it. */
  readonly target: string;
  /** Of a million traces. */
  readonly samplesPerMillion: number;
}

const DEFAULT_ENDPOINT = 'localhost:4317';
const RATE_MAX = 1_000_000;

/** @throws UserError, with upstream's words where the values are not good (apiserver, `pkg/server/options/tracing.go`). */
export function readTracingConfiguration(path: string): TracingConfiguration {
  if (!existsSync(path)) throw new UserError(`${TRACING_OPTION} ${path} does not exist`);
  const { endpoint, samplingRatePerMillion } = parseConfig(FORMAT, path, readConfigText(TRACING_OPTION, path));
  refuseConfig(TRACING_OPTION, path, [...rateErrors(samplingRatePerMillion ?? 0), ...endpointErrors(endpoint ?? DEFAULT_ENDPOINT)]);
  return { target: targetOf(endpoint || DEFAULT_ENDPOINT), samplesPerMillion: samplingRatePerMillion ?? 0 };
}

/** Upstream: component-base, `tracing/api/v1/config.go`. */
function rateErrors(rate: number): FieldError[] {
  const wrong = (why: string) => [fieldError.invalid('samplingRatePerMillion', rate, why)];
  if (rate < 0) return wrong('sampling rate must be positive');
  return rate > RATE_MAX ? wrong('sampling rate per million must be less than or equal to one million') : [];
}

const SCHEMES: ReadonlySet<string> = new Set(['dns', 'unix', 'unix-abstract']);

function endpointErrors(text: string): FieldError[] {
  const endpoint = text.includes('//') ? text : `dns://${text}`;
  const wrong = (why: string) => [fieldError.invalid('endpoint', endpoint, why)];
  const [, scheme, host] = /^([A-Za-z][A-Za-z\d+.-]*):\/\/([^/?#]*)/.exec(endpoint) ?? [];
  if (scheme === undefined) return wrong(`parse ${JSON.stringify(endpoint)}: missing protocol scheme`);
  const wrongEscape = /%(?![\da-fA-F]{2}).{0,2}/.exec(endpoint)?.[0];
  if (wrongEscape !== undefined) return wrong(`parse ${JSON.stringify(endpoint)}: invalid URL escape ${JSON.stringify(wrongEscape)}`);
  const port = /:([^:\]]*)$/.exec(host ?? '')?.[1];
  if (port !== undefined && !/^\d*$/.test(port)) {
    return wrong(`parse ${JSON.stringify(endpoint)}: invalid port ${JSON.stringify(`:${port}`)} after host`);
  }
  if (SCHEMES.has(scheme.toLowerCase())) return [];
  const guide = 'https://github.com/grpc/grpc/blob/master/doc/naming.md';
  return wrong(`unsupported scheme: ${scheme}.  Options are none, dns, unix, or unix-abstract.  See ${guide}`);
}

const targetOf = (endpoint: string): string => (/^(dns|unix|unix-abstract):/i.test(endpoint) ? endpoint : `dns:${endpoint}`);
