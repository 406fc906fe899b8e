import {
  type FieldRequirement,
  type LabelSelectorQuery,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from '../../../api/index.ts';
import type { AccessAttributes } from '../types.ts';

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

interface ReviewSelector {
  readonly requirements: readonly Requirement[];
}

/** What is asked of a webhook: a SubjectAccessReviewSpec of authorization.k8s.io/v1, its members in Go's order. */
export interface AccessReviewSpec {
  readonly resourceAttributes?:
    | {
        readonly namespace?: string | undefined;
        readonly verb?: string | undefined;
        readonly group?: string | undefined;
        readonly version?: string | undefined;
        readonly resource?: string | undefined;
        readonly subresource?: string | undefined;
        readonly name?: string | undefined;
        readonly fieldSelector?: ReviewSelector | undefined;
        readonly labelSelector?: ReviewSelector | undefined;
      }
    | undefined;
  readonly nonResourceAttributes?: { readonly path?: string | undefined; readonly verb?: string | undefined } | undefined;
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly uid?: string | undefined;
}

const filled = (text: string): string | undefined => (text === '' ? undefined : text);

/** Upstream: `Authorize` of apiserver, plugin/pkg/authorizer/webhook. Empty texts are left out, as Go leaves them out. */
export function accessReviewSpec(asked: AccessAttributes): AccessReviewSpec {
  const { user, verb } = asked;
  return {
    ...(asked.resourceRequest
      ? { resourceAttributes: resourceAttributes(asked) }
      : { nonResourceAttributes: { path: filled(asked.path), verb: filled(verb) } }),
    user: filled(user.name),
    groups: user.groups.length === 0 ? undefined : user.groups,
    extra: user.extra,
    uid: filled(user.uid ?? ''),
  };
}

const resourceAttributes = (asked: AccessAttributes): AccessReviewSpec['resourceAttributes'] => ({
  namespace: filled(asked.namespace),
  verb: filled(asked.verb),
  group: filled(asked.group),
  version: filled(asked.version),
  resource: filled(asked.resource),
  subresource: filled(asked.subresource),
  name: filled(asked.name),
  fieldSelector: selector(asked.fieldSelector, parseFieldSelector, fieldRequirements),
  labelSelector: selector(asked.labelSelector, parseLabelSelector, labelRequirements),
});

/** A selector that cannot be read narrows nothing: more is asked for. */
function selector<T>(text: string | undefined, parse: (text: string) => T, list: (parsed: T) => Requirement[]): ReviewSelector | undefined {
  if (!text) return undefined;
  try {
    const requirements = list(parse(text));
    return requirements.length === 0 ? undefined : { requirements };
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

const fieldRequirements = (parsed: readonly FieldRequirement[]): Requirement[] =>
  parsed.map(({ field, operator, value }) => ({ key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] }));

const LABEL_OPERATORS: Readonly<Record<string, string>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** What access reviews cannot say (greater, less) is left out. */
const labelRequirements = ({ requirements }: LabelSelectorQuery): Requirement[] =>
  requirements.flatMap(({ key, operator, values }) => {
    const known = LABEL_OPERATORS[operator];
    return known === undefined ? [] : [{ key, operator: known, ...(values.length === 0 ? {} : { values }) }];
  });
