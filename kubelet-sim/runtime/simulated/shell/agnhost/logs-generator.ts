import { type Random, randomSuffix } from '../../../../../runtime/index.ts';
import { readOptions } from '../command-options.ts';
import { type CommandFunction, complain } from '../shell-context.ts';
import { GoProgram, goDuration } from './go-program.ts';

const VALUES: ReadonlySet<string> = new Set(['log-lines-total', 't', 'run-duration', 'd']);
const METHODS = ['GET', 'POST', 'PUT'] as const;
const NAMESPACES = ['kube-system', 'default', 'ns'] as const;
/** What `klog.Fatalf` ends a program with. */
const EXIT_FATAL = 255;

/** `agnhost logs-generator`: lines as of an API server, evenly over a time (upstream `test/images/agnhost/logs-generator`). */
export const logsGenerator: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, VALUES);
  const total = Number(values.get('log-lines-total') ?? values.get('t') ?? 0);
  const durationMs = goDuration(values.get('run-duration') ?? values.get('d') ?? '0') ?? 0;
  if (!(total > 0)) return await complain(context, `Invalid total number of lines: ${total}`, EXIT_FATAL);
  if (durationMs <= 0) return await complain(context, `Invalid duration: ${durationMs}`, EXIT_FATAL);
  const program = new GoProgram(context);
  const { clock, random, pid } = context.host.process;
  const write = async () => {
    for (let id = 0; id < total; id += 1) {
      await context.stderr.write(`${klogHeader(clock.now(), pid)} ${lineOf(id, random)}\n`);
      await context.host.sleep(durationMs / total);
    }
    return 0;
  };
  return await Promise.race([program.run(), write()]);
};

/** How klog begins a line: severity and date, time, process, place. */
function klogHeader(now: number, pid: number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  return `I${date.slice(5).replace('-', '')} ${time.slice(0, 12)}000 ${String(pid).padStart(7)} logs_generator.go:76]`;
}

function lineOf(id: number, random: Random): string {
  const oneOf = (all: readonly string[]) => all[random.integer(all.length)];
  const pod = randomSuffix(random, 3 + random.integer(2));
  return `${id} ${oneOf(METHODS)} /api/v1/namespaces/${oneOf(NAMESPACES)}/pods/${pod} ${200 + random.integer(400)}`;
}
