// How much an expression may cost (apiserver, `pkg/apis/cel/config.go`). A unit is about 50 ns of upstream's machine.

/** One evaluation. */
export const PER_CALL_LIMIT = 1_000_000;
/** All rules on one object, or all expressions of one policy and one request. */
export const RUNTIME_BUDGET = 10_000_000;
/** All match conditions of a webhook or policy on one request. */
export const MATCH_CONDITIONS_BUDGET = 2_500_000;
