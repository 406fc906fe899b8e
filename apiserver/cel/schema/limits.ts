// How much expressions may cost (apiserver, `pkg/apis/cel/config.go`; apiextensions-apiserver,
// `pkg/apis/apiextensions/validation/validation.go`). A unit is about 50 ns of upstream's machine.

/** One evaluation. */
export const PER_CALL_LIMIT = 1_000_000;
/** All rules on one object, or all expressions of one policy and one request. */
export const RUNTIME_BUDGET = 10_000_000;
/** All match conditions of a webhook or policy on one request. */
export const MATCH_CONDITIONS_BUDGET = 2_500_000;
/** What one rule of a schema may cost by estimate. */
export const ESTIMATED_RULE_LIMIT = 10_000_000;
/** What all rules of a schema may cost by estimate. */
export const ESTIMATED_SCHEMA_LIMIT = 100_000_000;
/** The longest message that a messageExpression may give, in bytes. */
export const MESSAGE_LENGTH_MAX = 5 * 1_024;
