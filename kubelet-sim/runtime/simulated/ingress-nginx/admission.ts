import type { Configuration } from './model.ts';
import { DEFAULT_SERVER } from './model.ts';
import type { Settings } from './settings.ts';
import type { LiveIngress } from './world.ts';

// What the validating webhook looks at in an Ingress (upstream `CheckIngress`, `internal/ingress/inspector`). Each says what is wrong.

const VALID_PATH = /^\/[A-Za-z0-9._\-/]*$/;
const INVALID = [
  /\s*alias\s*.*;/s,
  /\s*root\s*.*;/s,
  /\/etc\/(passwd|shadow|group|nginx|ingress-controller)/,
  /\/var\/run\/secrets/,
  /.*_by_lua.*/,
];
const DEPRECATED: ReadonlySet<string> = new Set([
  'enable-influxdb',
  'influxdb-measurement',
  'influxdb-port',
  'influxdb-host',
  'influxdb-server-name',
  'secure-verify-ca-secret',
]);

const pathsOf = ({ spec }: LiveIngress) => (spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
const isInvalid = (text: string | undefined): boolean => text !== undefined && INVALID.some((pattern) => pattern.test(text));

/** Texts that are no hosts, paths and names, but ways into nginx's configuration. */
export function injection({ metadata: { namespace = '', name }, spec }: LiveIngress): string | undefined {
  const at = `${namespace}/${name}`;
  const found = `invalid value found: `;
  for (const { host, http } of spec?.rules ?? []) {
    if (isInvalid(host)) return `invalid host in ingress ${at}: ${found}${host}`;
    const path = (http?.paths ?? []).find((one) => isInvalid(one.path))?.path;
    if (path !== undefined) return `invalid rule in ingress ${at}: invalid http path: ${found}${path}`;
  }
  for (const { secretName, hosts } of spec?.tls ?? []) {
    if (isInvalid(secretName)) return `invalid secret in ingress ${at}: ${found}${secretName}`;
    const host = hosts?.find(isInvalid);
    if (host !== undefined) return `invalid host in ingress tls config ${at}: ${found}${host}`;
  }
  return undefined;
}

/** Paths that are patterns, where their type is none for patterns. */
export const badPathTypes = (ingress: LiveIngress): readonly string[] =>
  pathsOf(ingress)
    .filter(({ path, pathType }) => path && pathType !== 'ImplementationSpecific' && !VALID_PATH.test(path))
    .map(({ path, pathType }) => `path ${path} cannot be used with pathType ${pathType ?? '<nil>'}`);

/** What is told of an Ingress, whether or not it may be. */
export function warningsOf(ingress: LiveIngress, prefix: string): readonly string[] {
  const annotations = Object.keys(ingress.metadata.annotations ?? {});
  const deprecated = annotations.filter((key) => key.startsWith(`${prefix}/`) && DEPRECATED.has(key.slice(prefix.length + 1)));
  return [...deprecated.map((key) => `annotation ${key} is deprecated`), ...badPathTypes(ingress)];
}

/** Annotations that the administrator does not allow. */
export function forbiddenAnnotation({ metadata }: LiveIngress, prefix: string, settings: Settings): string | undefined {
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    const word = key.startsWith(`${prefix}/`) ? settings.wordBlocklist.find((one) => value.includes(one)) : undefined;
    if (word !== undefined) return `${key} annotation contains invalid word ${word}`;
    if (!settings.allowsSnippets && key.endsWith('-snippet'))
      return `${key} annotation cannot be used. Snippet directives are disabled by the Ingress administrator`;
  }
  return undefined;
}

/** A host and path that another Ingress has (upstream `checkOverlap`). */
export function overlap(ingress: LiveIngress, { servers }: Configuration, prefix: string): string | undefined {
  const canary = `${prefix}/canary`;
  const own = ingress.metadata.annotations?.[canary];
  for (const { host: given, http } of ingress.spec?.rules ?? []) {
    const host = given || DEFAULT_SERVER;
    for (const { path = '/', backend } of http?.paths ?? []) {
      const others = (servers.get(host)?.locations ?? [])
        .filter((location) => backend?.service && location.path === (path || '/') && !location.isDefault)
        .flatMap(({ owner }) => (owner ? [owner.ingress] : []))
        .filter(({ metadata }) => metadata.namespace !== ingress.metadata.namespace || metadata.name !== ingress.metadata.name);
      const claimed = others.find(({ metadata }) => {
        const other = metadata.annotations?.[canary];
        return (own === undefined && other === undefined) || (own === 'true' && other === 'true');
      });
      if (claimed)
        return `host "${host}" and path "${path || '/'}" is already defined in ingress ${claimed.metadata.namespace}/${claimed.metadata.name}`;
    }
  }
  return undefined;
}
