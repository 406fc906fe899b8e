/** Codes of answers after which what was asked for may still be under way. Upstream: `isFinalError`, `pkg/volume/csi/csi_client.go`. */
export const UNCERTAIN: ReadonlySet<unknown> = new Set(['Canceled', 'DeadlineExceeded', 'Unavailable', 'ResourceExhausted', 'Aborted']);
