import { formatYaml } from '../../api/schema.ts';
import type { PluginRegistry } from './build-profiles.ts';
import { CONFIGURATION_API_VERSION, CONFIGURATION_KIND, type SchedulerConfiguration } from './configuration.ts';
import { API_FIELDS, configz, fieldsOf, hasTypedArguments } from './configz.ts';
import { isObject } from './field-reader.ts';

/** Names of the file that are not those of Go with a small letter. */
const NAMES: Readonly<Record<string, string>> = {
  QPS: 'qps',
  URLPrefix: 'urlPrefix',
  TLSConfig: 'tlsConfig',
  HTTPTimeout: 'httpTimeout',
};

/**
 * A configuration as `--write-config-to` writes it: YAML with all defaults filled in, which `--config` takes again. Fields that upstream's types
 * leave out when they are empty are left out (`omitempty` of k8s.io/kube-scheduler/config/v1); files of `pluginModules` are absolute.
 */
export function writtenConfiguration(configuration: SchedulerConfiguration, registry: PluginRegistry): string {
  const { pluginModules, extenders } = configuration;
  const { Profiles, Extenders, DelayCacheUntilActive, ...rest } = fieldsOf(fieldsOf(configz(configuration, registry)).componentconfig);
  return formatYaml({
    ...fieldsOf(written(rest)),
    kind: CONFIGURATION_KIND,
    profiles: listOf(Profiles).map((profile) => ({
      ...fieldsOf(written(profile)),
      pluginConfig: listOf(fieldsOf(profile).PluginConfig).map(argumentsOf).toSorted(byName),
    })),
    ...(extenders.length > 0 && {
      extenders: listOf(Extenders).map((extender, i) => writtenExtender(extender, extenders[i]?.tls.given)),
    }),
    ...(DelayCacheUntilActive === true && { delayCacheUntilActive: true }),
    ...(pluginModules.length > 0 && { pluginModules }),
  });
}

interface NamedArguments {
  readonly name: string;
  readonly args: object;
}

const byName = (a: NamedArguments, b: NamedArguments): number => (a.name < b.name ? -1 : 1);

function argumentsOf(row: unknown): NamedArguments {
  const { Name, Args } = fieldsOf(row);
  const name = String(Name);
  if (!hasTypedArguments(name)) return { name, args: fieldsOf(Args) };
  return { name, args: { ...fieldsOf(written(Args)), apiVersion: CONFIGURATION_API_VERSION, kind: `${name}Args` } };
}

/** Of an extender, what is false or nothing is left out too; certificates and keys stand there as they were given. */
function writtenExtender(extender: unknown, tlsConfig: object | undefined): object {
  const fields = Object.entries({ ...fieldsOf(written(extender)), tlsConfig: tlsConfig && withoutEmpty(tlsConfig) });
  return Object.fromEntries(
    fields.filter(([, value]) => Boolean(value)).map(([name, value]) => [name, Array.isArray(value) ? value.map(withoutEmpty) : value]),
  );
}

const withoutEmpty = (value: unknown): object => Object.fromEntries(Object.entries(fieldsOf(value)).filter(([, field]) => Boolean(field)));

/** A value of Go's names with those of the file, and without what is nil. */
function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (!isObject(value)) return value;
  const named = Object.entries(value).map(([go, field]) => {
    const name = NAMES[go] ?? go.charAt(0).toLowerCase() + go.slice(1);
    return [name, API_FIELDS.has(name) ? field : written(field)] as const;
  });
  return Object.fromEntries(named.filter(([, field]) => field !== null));
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
