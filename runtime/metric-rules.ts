import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import { ALL_METRICS, type MetricRules } from './exposition.ts';
import { isRecord } from './jwt.ts';
import type { Logger } from './logger.ts';
import { OptionError, type OptionTable, type OptionValues, option } from './options.ts';

/** What of its metrics a process tells. Upstream: component-base, `metrics/options.go`. */
export const metricOptions = {
  'allow-metric-labels': option.texts(
    "Values of a metric's label that are told, METRIC,LABEL=VALUE,VALUE; others are told as unexpected. Several in one: each in quotes, a comma between.",
    { placeholder: 'METRIC,LABEL=VALUES' },
  ),
  'allow-metric-labels-manifest': option.string('The same in a YAML file; --allow-metric-labels has precedence.', '', {
    placeholder: 'FILE',
  }),
  'disabled-metrics': option.list('Metrics that are not told, by their whole names.', [], { placeholder: 'NAMES' }),
  'show-hidden-metrics-for-version': option.string('1.33 to tell of metrics, too, that are out of use since then or before.', '', {
    placeholder: 'VERSION',
  }),
} satisfies OptionTable;

/** The version of which hidden metrics can be asked for. */
const HIDDEN_VERSION = '1.33';
const KEY = /^[a-zA-Z_:][\w:]*,[a-zA-Z_]\w*$/;

/** @param logger is told when the manifest cannot be read, which keeps nobody from starting. @throws OptionError */
export function readMetricRules(values: OptionValues<typeof metricOptions>, logger: Pick<Logger, 'error'>): MetricRules {
  const { 'show-hidden-metrics-for-version': version, 'disabled-metrics': disabled, 'allow-metric-labels': texts } = values;
  if (version !== '' && version !== HIDDEN_VERSION) {
    throw new OptionError(
      `--show-hidden-metrics-for-version must be omitted or have the value '${HIDDEN_VERSION}'. Only the previous minor version is allowed`,
    );
  }
  const given = texts.flatMap(pairsOf);
  if (given.some(([key]) => !KEY.test(key))) {
    throw new OptionError(
      '--allow-metric-labels must have a list of kv pair with format `metricName,labelName=labelValue, labelValue,...`',
    );
  }
  const manifest = values['allow-metric-labels-manifest'];
  const pairs = given.length > 0 || manifest === '' ? given : readManifest(manifest, logger);
  if (pairs.length === 0 && disabled.length === 0 && version === '') return ALL_METRICS;
  return { disabled: new Set(disabled), allowed: allowedOf(pairs), showsHidden: version !== '' };
}

type Pair = readonly [key: string, values: string];

function allowedOf(pairs: readonly Pair[]): MetricRules['allowed'] {
  const allowed = new Map<string, Map<string, ReadonlySet<string>>>();
  for (const [key, values] of pairs) {
    const [metric = '', label = ''] = key.split(',');
    const labels = allowed.get(metric) ?? new Map<string, ReadonlySet<string>>();
    allowed.set(metric, labels.set(label, new Set(values.split(','))));
  }
  return allowed;
}

/** What one argument says: with one `=` in it all of it, else what commas outside of quotes part. Upstream: pflag, `string_to_string.go`. */
function pairsOf(text: string): Pair[] {
  const isOne = text.split('=').length === 2;
  const parts = isOne ? [text.replace(/^"+|"+$/g, '')] : fieldsOf(text);
  return parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 0) {
      throw new OptionError(
        `option --allow-metric-labels: invalid argument ${JSON.stringify(text)}: ${part} must be formatted as key=value`,
      );
    }
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
}

/** The fields of a line of CSV. */
const fieldsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');

function readManifest(path: string, logger: Pick<Logger, 'error'>): readonly Pair[] {
  try {
    const yaml: typeof Yaml = createRequire(import.meta.url)('yaml');
    const content: unknown = yaml.parse(readFileSync(path, 'utf8'));
    if (!isRecord(content)) throw new Error('it holds no map of metric and label to values');
    return Object.entries(content).map(([key, values]): Pair => {
      if (typeof values !== 'string' || !KEY.test(key)) throw new Error(`"${key}" is no metric,label with values`);
      return [key, values];
    });
  } catch (err) {
    logger.error({ err, path }, 'the manifest of allowed metric labels cannot be read');
    return [];
  }
}
