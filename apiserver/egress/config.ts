import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { type FieldError, fieldError } from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import { type ConfigFormat, parseConfig, readConfigText, refuseConfig } from '../config-file.ts';

export const EGRESS_OPTION = 'egress-selector-config-file';

const text = z.string().nullish();
const connection = z.strictObject({
  proxyProtocol: text,
  transport: z
    .strictObject({
      tcp: z
        .strictObject({ url: text, tlsConfig: z.strictObject({ caBundle: text, clientKey: text, clientCert: text }).nullish() })
        .nullish(),
      uds: z.strictObject({ udsName: text }).nullish(),
    })
    .nullish(),
});
const schema = z.strictObject({ egressSelections: z.array(z.strictObject({ name: z.string(), connection })).nullish() });

type Configuration = z.infer<typeof schema>;
type Connection = z.infer<typeof connection>;
type Transport = NonNullable<Connection['transport']>;

const FORMAT: ConfigFormat<Configuration> = {
  option: EGRESS_OPTION,
  kind: 'EgressSelectorConfiguration',
  apiVersions: ['apiserver.config.k8s.io/v1beta1', 'apiserver.k8s.io/v1beta1'],
  schema,
};

/** A proxy that is asked with CONNECT: behind a socket of the file system, or at a URL, which is `https` and shown a certificate. */
export type ProxyAddress =
  | { readonly path: string }
  | { readonly url: URL; readonly ca: string | undefined; readonly cert: string; readonly key: string };

const NAMES = ['cluster', 'controlplane', 'etcd'] as const;
/** What is reached: the nodes and what runs in the cluster; who is asked about users; the store. */
export type EgressName = (typeof NAMES)[number];
const isName = (name: string): name is EgressName => (NAMES as readonly string[]).includes(name);

const AT = 'service.connection';

/**
 * What a file says about ways out, by name; none where it is direct.
 *
 * Upstream: apiserver, `pkg/server/egressselector/config.go`.
 *
 * @throws UserError for what upstream refuses, in its words, and for what is not there: proxies that speak gRPC, and any on the way to etcd.
 */
export function readEgressConfiguration(path: string): ReadonlyMap<EgressName, ProxyAddress | undefined> {
  if (!existsSync(path)) throw new UserError(`${EGRESS_OPTION} ${path} does not exist`);
  const { egressSelections } = parseConfig(FORMAT, path, readConfigText(EGRESS_OPTION, path));
  const selections = (egressSelections ?? []).map((each) => ({ ...each, name: each.name.toLowerCase() }));
  refuseConfig(EGRESS_OPTION, path, [...selections.flatMap((each) => connectionErrors(each.connection)), ...nameErrors(selections)]);
  return new Map(
    selections.flatMap(({ name, connection: way }) => {
      const proxy = proxyOf(way, path);
      if (name === 'etcd' && proxy) throw new UserError(`--${EGRESS_OPTION}: etcd is reached directly only (in ${path})`);
      return isName(name) ? [[name, proxy] as const] : [];
    }),
  );
}

function nameErrors(selections: readonly { readonly name: string }[]): FieldError[] {
  const seen = new Set<string>();
  return selections.flatMap(({ name }, i) => {
    if (seen.has(name)) return [fieldError.duplicate(`${AT}[${i}]`, name)];
    seen.add(name);
    return isName(name) ? [] : [fieldError.notSupported(AT, name, NAMES)];
  });
}

function connectionErrors({ proxyProtocol, transport }: Connection): FieldError[] {
  switch (proxyProtocol) {
    case 'Direct':
      return transport ? [fieldError.invalid(`${AT}.transport`, 'direct', 'config must be absent for direct connect')] : [];
    case 'HTTPConnect':
      return transport ? transportErrors(transport) : [fieldError.required(`${AT}.transport`, 'transport must be set for HTTPConnect')];
    case 'GRPC':
      if (!transport) return [fieldError.required(`${AT}.transport`, 'transport must be set for GRPC')];
      return transport.uds ? socketErrors(transport.uds) : [fieldError.required(`${AT}.uds`, 'UDS must be set with GRPC')];
    default:
      return [fieldError.notSupported(`${AT}.protocol`, proxyProtocol ?? '', ['Direct', 'HTTPConnect', 'GRPC'])];
  }
}

function transportErrors({ tcp, uds }: Transport): FieldError[] {
  if (tcp && uds) return [fieldError.invalid(`${AT}.tcp`, tcp, 'TCP and UDS cannot both be set')];
  if (uds) return socketErrors(uds);
  if (!tcp) return [fieldError.required(`${AT}.tcp`, 'One of TCP or UDS must be set')];
  const { url, tlsConfig } = tcp;
  if (url?.startsWith('https://')) {
    return tlsConfig ? fileErrors(tlsConfig) : [fieldError.required(`${AT}.tlsConfig`, 'TLSConfig must be present when using HTTPS')];
  }
  if (!url?.startsWith('http://'))
    return [fieldError.invalid(`${AT}.url`, url ?? '', 'supported connection protocols are http:// and https://')];
  return tlsConfig ? [fieldError.invalid(`${AT}.tlsConfig`, 'nil', 'config must not be present when using HTTP')] : [];
}

const socketErrors = ({ udsName }: NonNullable<Transport['uds']>): FieldError[] =>
  udsName ? [] : [fieldError.invalid(`${AT}.udsName`, 'nil', 'must be present for UDS connections')];

type TlsFiles = NonNullable<NonNullable<Transport['tcp']>['tlsConfig']>;

function fileErrors({ caBundle, clientCert, clientKey }: TlsFiles): FieldError[] {
  const errorsOf = (field: string, file: string | null | undefined, words: { missing?: string; absent: string }) => {
    const at = `${AT}.tlsConfig.${field}`;
    if (!file) return words.missing === undefined ? [] : [fieldError.invalid(at, 'nil', words.missing)];
    return existsSync(file) ? [] : [fieldError.invalid(at, file, words.absent)];
  };
  return [
    ...errorsOf('caBundle', caBundle, { absent: 'TLS config ca bundle does not exist' }),
    ...errorsOf('clientCert', clientCert, { missing: 'Using TLS requires clientCert', absent: 'TLS client cert does not exist' }),
    ...errorsOf('clientKey', clientKey, { missing: 'Using TLS requires requires clientKey', absent: 'TLS client key does not exist' }),
  ];
}

function proxyOf({ proxyProtocol, transport }: Connection, path: string): ProxyAddress | undefined {
  if (proxyProtocol === 'Direct') return undefined;
  if (proxyProtocol === 'GRPC') throw new UserError(`--${EGRESS_OPTION}: proxies are asked with HTTPConnect only, not GRPC (in ${path})`);
  const { uds, tcp } = transport ?? {};
  if (uds) return { path: uds.udsName ?? '' };
  const { tlsConfig, url } = tcp ?? {};
  // Upstream asks a proxy at a URL over TLS whatever the URL says, and dies where nothing is said of that.
  if (!tlsConfig) throw new UserError(`--${EGRESS_OPTION}: a proxy at a URL needs https:// and tlsConfig (in ${path})`);
  const { caBundle, clientCert, clientKey } = tlsConfig;
  const read = (file: string | null | undefined) => readFileSync(file ?? '', 'utf8');
  return { url: new URL(url ?? ''), ca: caBundle ? read(caBundle) : undefined, cert: read(clientCert), key: read(clientKey) };
}
