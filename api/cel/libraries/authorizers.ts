// Asking whether somebody may do something (apiserver, `pkg/cel/library/authz.go`). Expressions run without waiting, so the question is
// answered by a function that does not wait either.
import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../names.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, signature } from '../language/define.ts';
import { COST, costSize, traversal } from '../language/runtime-cost.ts';
import { BOOL, type CelType, STRING, struct } from '../language/types.ts';
import { CelError, type CelValue, noSuchOverload, Opaque } from '../language/values.ts';

export const AUTHORIZER_TYPE = struct('kubernetes.authorization.Authorizer');
const PATH_CHECK = struct('kubernetes.authorization.PathCheck');
const GROUP_CHECK = struct('kubernetes.authorization.GroupCheck');
export const RESOURCE_CHECK_TYPE = struct('kubernetes.authorization.ResourceCheck');
const DECISION = struct('kubernetes.authorization.Decision');

/** What an expression asks: a path or a resource. */
export interface AuthorizerQuestion {
  /** Somebody else than the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string } | undefined;
  readonly verb: string;
  readonly path?: string | undefined;
  readonly group?: string | undefined;
  readonly resource?: string | undefined;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface AuthorizerAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string | undefined;
}

export type Authorize = (question: AuthorizerQuestion) => AuthorizerAnswer;

type Draft = Omit<AuthorizerQuestion, 'verb'>;

/** A question being put together; which functions it has is up to its type. */
class QuestionValue extends Opaque {
  override readonly type: CelType;
  readonly authorize: Authorize;
  readonly draft: Draft;

  constructor(type: CelType, authorize: Authorize, draft: Draft) {
    super();
    this.type = type;
    this.authorize = authorize;
    this.draft = draft;
  }

  with(type: CelType, more: Draft): QuestionValue {
    return new QuestionValue(type, this.authorize, { ...this.draft, ...more });
  }

  override equals(other: CelValue): boolean {
    return this === other;
  }
}

class DecisionValue extends Opaque {
  override readonly type = DECISION;
  readonly answer: AuthorizerAnswer;

  constructor(answer: AuthorizerAnswer) {
    super();
    this.answer = answer;
  }

  override equals(other: CelValue): boolean {
    return this === other;
  }
}

/** The variable `authorizer`. */
export const authorizerValue = (authorize: Authorize): CelValue => new QuestionValue(AUTHORIZER_TYPE, authorize, {});

/** The variable `authorizer.requestResource`: a check of what the request is about. */
export const resourceCheckValue = (authorize: Authorize, resource: Omit<AuthorizerQuestion, 'verb' | 'path'>): CelValue =>
  new QuestionValue(RESOURCE_CHECK_TYPE, authorize, resource);

const on =
  (type: CelType, run: (question: QuestionValue, text: string, more: string) => Result): Implementation =>
  (question, text = '', more = '') => {
    const fits = question instanceof QuestionValue && question.type === type && typeof text === 'string' && typeof more === 'string';
    return fits ? run(question, text, more) : noSuchOverload();
  };

const onDecision =
  (get: (answer: AuthorizerAnswer) => Result): Implementation =>
  (value) =>
    value instanceof DecisionValue ? get(value.answer) : noSuchOverload();

function serviceAccount(question: QuestionValue, namespace: string, name: string): Result {
  if (nameIsDnsSubdomain(name, false).length > 0) return new CelError('Invalid service account name');
  if (nameIsDnsLabel(namespace, false).length > 0) return new CelError('Invalid service account namespace');
  return question.with(AUTHORIZER_TYPE, { serviceAccount: { namespace, name } });
}

const check = (question: QuestionValue, verb: string): Result => new DecisionValue(question.authorize({ ...question.draft, verb }));

const builder = (name: string, id: string, types: readonly [from: CelType, to: CelType], run: (q: QuestionValue, text: string) => Result) =>
  define(name, method(id, signature([types[0], STRING], types[1]), on(types[0], run)));
const refine = (name: keyof Draft & string, id: string) =>
  builder(name, id, [RESOURCE_CHECK_TYPE, RESOURCE_CHECK_TYPE], (question, text) => question.with(RESOURCE_CHECK_TYPE, { [name]: text }));
const notEmpty = (what: string, text: string, give: () => Result): Result =>
  text.trim() === '' ? new CelError(`${what} must not be empty`) : give();

/** As much as an expression's whole budget of one evaluation allows two of. */
export const CHECK_COST = 350_000;
/** A selector is taken to have a requirement for every two characters. */
export const selectorCost = (length: number): number =>
  COST.listCreate + traversal(length) + Math.ceil(Math.ceil(length * 0.5) * (COST.listCreate + COST.structCreate));

const costing = (cost: NonNullable<FunctionDeclaration['cost']>, ...functions: readonly FunctionDeclaration[]) =>
  functions.map((declared) => ({ ...declared, cost }));

export const AUTHORIZER_FUNCTIONS: readonly FunctionDeclaration[] = [
  ...costing(
    () => 1,
    builder('path', 'authorizer_path', [AUTHORIZER_TYPE, PATH_CHECK], (question, path) =>
      notEmpty('path', path, () => question.with(PATH_CHECK, { path })),
    ),
    builder('group', 'authorizer_group', [AUTHORIZER_TYPE, GROUP_CHECK], (question, group) => question.with(GROUP_CHECK, { group })),
    define(
      'serviceAccount',
      method(
        'authorizer_serviceaccount',
        signature([AUTHORIZER_TYPE, STRING, STRING], AUTHORIZER_TYPE),
        on(AUTHORIZER_TYPE, serviceAccount),
      ),
    ),
    builder('resource', 'groupcheck_resource', [GROUP_CHECK, RESOURCE_CHECK_TYPE], (question, resource) =>
      notEmpty('resource', resource, () => question.with(RESOURCE_CHECK_TYPE, { resource })),
    ),
    refine('subresource', 'resourcecheck_subresource'),
    refine('namespace', 'resourcecheck_namespace'),
    refine('name', 'resourcecheck_name'),
    define(
      'errored',
      method(
        'decision_errored',
        signature([DECISION], BOOL),
        onDecision(({ error }) => error !== undefined),
      ),
    ),
    define(
      'error',
      method(
        'decision_error',
        signature([DECISION], STRING),
        onDecision(({ error }) => error ?? ''),
      ),
    ),
    define(
      'allowed',
      method(
        'decision_allowed',
        signature([DECISION], BOOL),
        onDecision(({ allowed }) => allowed),
      ),
    ),
    define(
      'reason',
      method(
        'decision_reason',
        signature([DECISION], STRING),
        onDecision(({ reason }) => reason),
      ),
    ),
  ),
  ...costing(
    (args) => selectorCost(costSize(args[1] ?? null)),
    refine('fieldSelector', 'authorizer_fieldselector'),
    refine('labelSelector', 'authorizer_labelselector'),
  ),
  ...costing(
    () => CHECK_COST,
    define(
      'check',
      method('pathcheck_check', signature([PATH_CHECK, STRING], DECISION), on(PATH_CHECK, check)),
      method('resourcecheck_check', signature([RESOURCE_CHECK_TYPE, STRING], DECISION), on(RESOURCE_CHECK_TYPE, check)),
    ),
  ),
];
