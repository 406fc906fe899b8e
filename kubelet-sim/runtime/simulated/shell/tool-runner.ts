import { loadOf } from '../load-flags.ts';
import { bareName } from '../tool-names.ts';
import { agnhost } from './agnhost/agnhost.ts';
import { BUILTINS } from './builtins.ts';
import { sayEffectiveUser } from './effective-user.ts';
import { canGrep } from './grep.ts';
import { stdinOf } from './io.ts';
import type { CommandContext, CommandFunction } from './shell-context.ts';
import type { ToolOutcome } from './tool-box.ts';
import { TOOLS } from './tools.ts';

/** Runs a tool: one of ours, one of the image's, or one of the tool box. */
export async function runTool(name: string, context: CommandContext): Promise<number> {
  const bare = bareName(name);
  const { image } = context.host.process;
  if (image.binaries.includes(bare)) return await runBinary(bare, context);
  const own = TOOLS.get(bare) ?? BUILTINS.get(bare);
  if (own && !(bare.endsWith('grep') && !canGrep(context.args))) return await own(context);
  const client = image.clients[bare];
  if (client !== undefined) {
    await context.stdout.write(client);
    return 0;
  }
  const { stdout, stderr, exitCode } = await runFromBox(bare, context, await stdinOf(context.fds).readAll());
  if (stdout !== '') await context.stdout.write(stdout);
  if (stderr !== '') await context.stderr.write(stderr);
  return exitCode;
}

/** What images have besides servers, by the path of the program. */
const BINARIES: ReadonlyMap<string, CommandFunction> = new Map([['/nnp', sayEffectiveUser]]);

function runBinary(name: string, context: CommandContext): number | Promise<number> {
  const { image } = context.host.process;
  const isTool = image.commands[context.args[0] ?? '']?.run === 'tool';
  return BINARIES.get(name)?.(context) ?? (isTool ? agnhost(context) : (runNative(name, context) ?? serveImage(context)));
}

/** A program that is more than a description; what it writes is written before it is waited for no longer. */
function runNative(name: string, { host, args, stdout, stderr }: CommandContext): Promise<number> | undefined {
  let written: Promise<unknown> = Promise.resolve();
  const ended = host.runNative([name, ...args], (stream, text) => {
    written = written.then(() => (stream === 'stderr' ? stderr : stdout).write(text));
  });
  return ended?.then(async (code) => {
    await written;
    return code;
  });
}

/** The box and each of its tools are loaded when they are first asked for: the container's time stands still meanwhile. */
async function runFromBox(name: string, { args, host, state, assigned }: CommandContext, stdin: string): Promise<ToolOutcome> {
  const { clock } = host.process;
  let hold = clock.hold();
  try {
    const { runBoxTool } = await import('./tool-box.ts');
    const sleep = async (ms: number) => {
      hold[Symbol.dispose]();
      await host.sleep(ms);
      hold = clock.hold();
    };
    const { cwd } = state;
    return await runBoxTool(name, {
      args,
      stdin,
      cwd,
      environment: state.environment(assigned),
      files: await host.files(),
      sleep,
      signal: host.signal,
    });
  } finally {
    hold[Symbol.dispose]();
  }
}

/** The image's own server, started by a script: it listens on its ports until it is asked to end. */
async function serveImage({ host, stderr }: CommandContext): Promise<number> {
  const { image, argv } = host.process;
  const load = loadOf(image, { command: argv, args: [] });
  if (load) host.process.use(load);
  const opened = image.ports.map((port) => ({ port, socket: host.process.listenAs(port, image) }));
  try {
    const taken = opened.find(({ socket }) => !socket);
    if (taken) {
      await stderr.write(`${image.bindError.replaceAll('{{port}}', String(taken.port))}\n`);
      return image.bindExitCode;
    }
    return await host.serve();
  } finally {
    for (const { socket } of opened) socket?.close();
  }
}
