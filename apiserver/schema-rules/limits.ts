// How much the rules of a schema may cost by estimate (apiextensions-apiserver, `pkg/apis/apiextensions/validation/validation.go`).

/** One rule. */
export const ESTIMATED_RULE_LIMIT = 10_000_000;
/** All rules of a schema. */
export const ESTIMATED_SCHEMA_LIMIT = 100_000_000;
/** The longest message that a messageExpression may give, in bytes. */
export const MESSAGE_LENGTH_MAX = 5 * 1_024;
