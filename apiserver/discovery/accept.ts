import { type AcceptClause, parseAccept } from '../http/accept.ts';
import { ENCODING_OF, type Encoding, notRouted, onlyThese, WILDCARDS } from '../rest/negotiation.ts';

/** What a client takes for a discovery document. */
export interface AcceptedDocument {
  readonly encoding: Encoding;
  /** Whether it is the aggregated document, of version 2. */
  readonly aggregated: boolean;
}

const PRODUCED = [...ENCODING_OF.keys()];
const PLAIN: AcceptedDocument = { encoding: 'json', aggregated: false };

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
  const clauses = parseAccept(accept ?? '');
  if (clauses.length === 0) return PLAIN;
  if (routed && !clauses.some(({ type }) => type === '*/*' || PRODUCED.includes(type))) throw notRouted(PRODUCED);
  for (const clause of clauses) {
    const accepted = readClause(clause, aggregates);
    if (accepted) return accepted;
  }
  throw onlyThese(PRODUCED);
}

function readClause({ type, parameters }: AcceptClause, aggregates: boolean): AcceptedDocument | undefined {
  const encoding = WILDCARDS.has(type) ? 'json' : ENCODING_OF.get(type);
  const stream = parameters.get('stream') ?? '';
  if (!encoding || (stream !== '' && (stream !== 'watch' || encoding === 'yaml'))) return undefined;
  const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name));
  if (as === undefined && group === undefined && version === undefined) return { encoding, aggregated: false };
  const known = as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && version === 'v2';
  // Upstream: the first version of the aggregated document went with the gate AggregatedDiscoveryRemoveBetaType.
  return aggregates && known ? { encoding, aggregated: true } : undefined;
}
