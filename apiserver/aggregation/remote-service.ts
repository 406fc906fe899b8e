import type { APIService, Live } from '../../api/index.ts';

/** A version of a group that another server serves, and where that server is. */
export interface RemoteService {
  /** Of its APIService: `VERSION.GROUP`. */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM of the authorities of its certificate; `''` for those that the system trusts. */
  readonly ca: string;
  /** Its certificate is not checked. */
  readonly insecure: boolean;
  readonly available: boolean;
}

const HTTPS_PORT = 443;

export const isAvailable = ({ status }: Pick<APIService, 'status'>): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True') ?? false;

/** Undefined for what is served here. */
export function remoteServiceOf(apiService: Live<APIService>): RemoteService | undefined {
  const { metadata, spec } = apiService;
  const { service, group = '', version = '', caBundle = '', insecureSkipTLSVerify = false } = spec;
  if (!service) return undefined;
  const { namespace = '', name = '', port = HTTPS_PORT } = service;
  return {
    name: metadata.name,
    group,
    version,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
    service: { namespace, name, port },
    ca: Buffer.from(caBundle, 'base64').toString().trim(),
    insecure: insecureSkipTLSVerify,
    available: isAvailable(apiService),
  };
}
