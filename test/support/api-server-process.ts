import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReadyMessage } from '../../runtime/index.ts';
import { freePorts } from './ports.ts';
import { ROOT } from './sources.ts';

/** An API server in a process of its own, on a durable store, that can be killed and started again. */
export interface ApiServerProcess extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly url: string;
  /** kill -9, then the same again on the same data and port. */
  killAndRestart(): Promise<void>;
  /** SIGTERM, then the same again. */
  stopAndRestart(): Promise<void>;
}

export async function startApiServerProcess(directory: string, args: readonly string[] = []): Promise<ApiServerProcess> {
  const [port] = await freePorts(1);
  let { child, url } = await spawnServer(directory, [`--secure-port=${port}`, ...args]);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const restart = async (signal: NodeJS.Signals) => {
    await end(signal);
    ({ child } = await spawnServer(directory, [`--secure-port=${port}`, ...args]));
  };
  return {
    url,
    kubeconfig: join(directory, 'admin.kubeconfig'),
    killAndRestart: () => restart('SIGKILL'),
    stopAndRestart: () => restart('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

function spawnServer(directory: string, args: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const argv = ['apiserver', `--data-dir=${directory}`, '--log-level=error', ...args];
  const child = fork(join(ROOT, 'dist/cli/main.js'), argv, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let output = '';
  const note = (text: string) => {
    output += text;
  };
  child.stdout?.setEncoding('utf8').on('data', note);
  child.stderr?.setEncoding('utf8').on('data', note);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the API server ended with ${code}: ${output}`)));
    child.once('message', (message: ReadyMessage) => resolve({ child, url: message.url ?? '' }));
  });
}
