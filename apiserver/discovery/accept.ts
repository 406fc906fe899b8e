import { apiError } from '../../api/index.ts';
import type { AggregatedVersion } from './documents.ts';

/** What a client takes for a discovery document. */
export interface AcceptedDocument {
  readonly encoding: 'json' | 'yaml';
  /** The version of the aggregated document; absent for the legacy one. */
  readonly aggregated: AggregatedVersion | undefined;
}

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PRODUCED = [JSON_TYPE, YAML_TYPE, 'application/vnd.kubernetes.protobuf'];
const PLAIN: AcceptedDocument = { encoding: 'json', aggregated: undefined };

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/**
 * Reads an Accept header: the first clause that can be served, by quality, then as written.
 *
 * @param aggregates whether there is an aggregated form of the document.
 * @param routed whether upstream's router looks at the header first, and has its own words.
 * @throws ApiError (406)
 */
export function acceptedDocument(
  accept: string | undefined,
  { aggregates, routed }: { readonly aggregates: boolean; readonly routed: boolean },
): AcceptedDocument {
  const clauses = (accept ?? '')
    .split(',')
    .map(parseClause)
    .filter(({ type }) => type !== '');
  if (clauses.length === 0) return PLAIN;
  clauses.sort((a, b) => b.quality - a.quality);
  for (const clause of clauses) {
    const accepted = readClause(clause, aggregates);
    if (accepted) return accepted;
  }
  if (!routed || clauses.some(({ type }) => PRODUCED.includes(type))) {
    throw apiError.notAcceptable(`only the following media types are accepted: ${PRODUCED.join(', ')}`);
  }
  const message = `406: Not Acceptable\n\nAvailable representations: ${PRODUCED.join(', ')}`;
  throw apiError.custom({ code: 406, reason: 'NotAcceptable', message, details: {} });
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [name.toLowerCase(), value] as const;
    }),
  );
  return { type: type.toLowerCase(), parameters, quality: Number(parameters.get('q') ?? 1) };
}

function readClause({ type, parameters }: Clause, aggregates: boolean): AcceptedDocument | undefined {
  const encoding = type === '*/*' || type === JSON_TYPE ? 'json' : type === YAML_TYPE ? 'yaml' : undefined;
  if (!encoding) return undefined;
  const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name));
  if (as === undefined && group === undefined && version === undefined) return { encoding, aggregated: undefined };
  const known = as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1');
  return aggregates && known ? { encoding, aggregated: version } : undefined;
}
