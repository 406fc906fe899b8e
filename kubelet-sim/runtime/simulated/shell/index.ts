import type { ProcessContext } from '../program.ts';
import { Interpreter } from './interpreter.ts';
import { ByteInput, type Descriptors } from './io.ts';
import { ShellHost } from './shell-context.ts';
import { ShellState } from './state.ts';

/** A command line that runs in the in-process shell. */
export interface RunningShell {
  readonly exited: Promise<number>;
  /** Delivers a signal: to a trap, to a server that a script started, or as to any process. */
  signal(name: string): void;
}

/**
 * Runs a command line with a container's files, environment and streams. Output goes out as it comes; everything that waits ends with
 * `signal`.
 */
export function startShell(context: ProcessContext, argv: readonly string[], signal: AbortSignal): RunningShell {
  const host = new ShellHost(context, signal, { mayBecome: true });
  return {
    exited: run(host, argv.map(toBytes)),
    // A terminal's control keys go to what runs in front of a shell that reads.
    signal: (name) => (context.tty && name === 'SIGINT' ? host.interrupt(name) : host.deliver(name)),
  };
}

async function run(host: ShellHost, argv: readonly string[]): Promise<number> {
  const { process } = host;
  const state = new ShellState();
  for (const [name, value] of await process.environment()) {
    state.variables.set(name, toBytes(value));
    state.exported.add(name);
  }
  state.cwd = process.workingDir;
  state.variables.set('PWD', state.cwd);
  const fds: Descriptors = {
    inputs: new Map([[0, ByteInput.from(process.stdin)]]),
    outputs: new Map([
      [1, { write: (text) => process.output('stdout', text) }],
      [2, { write: (text) => process.output('stderr', text) }],
    ]),
  };
  const outer = new Interpreter(host, state);
  return await outer.invoke(argv, fds);
}

const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
