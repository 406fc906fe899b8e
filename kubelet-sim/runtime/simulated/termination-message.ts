import type { ContainerLog } from './container-log.ts';
import type { ContainerFiles } from './files/container-files.ts';

/** Limits of a termination message, as a kubelet's (pkg/kubelet/container/runtime.go). */
const MESSAGE_LINES_MAX = 80;
const MESSAGE_LOG_BYTES_MAX = 2048;
const MESSAGE_FILE_BYTES_MAX = 4096;

/** The end of a log, for a container that failed and said nothing else. */
export const messageFromLog = (log: ContainerLog): string =>
  Buffer.from(log.tail(MESSAGE_LINES_MAX, MESSAGE_LOG_BYTES_MAX), 'latin1').toString('utf8');

/** What a container left in its termination message file: the end of it. Upstream: `ReadAtMost`, `pkg/util/tail`. */
export async function messageFromFile(files: ContainerFiles, path: string): Promise<string> {
  return (await files.readFile(path)).subarray(-MESSAGE_FILE_BYTES_MAX).toString('utf8');
}

/** The text in which a runtime wraps the reason why a process could not be started. */
export const startErrorText = (failure: string): string =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${failure}: unknown`;
