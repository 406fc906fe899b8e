import type { HttpResponse } from '../../../cri.ts';
import { BadAnswer } from '../../network/listener.ts';
import type { CommandContext, CommandFunction } from '../shell-context.ts';
import { formOf, GoProgram, goDurationText, pathOf, plain } from './go-program.ts';

const PORT = 8080;
/** For so long it is well. */
const HEALTHY_MS = 10_000;
const KIB = 1024;
const DIGITS = '0123456789abcdef';

/** A request's parameters, and for how long the server has run. */
interface Asked {
  readonly context: CommandContext;
  readonly form: URLSearchParams;
  readonly ranMs: number;
}

type Handler = (asked: Asked) => HttpResponse | Promise<HttpResponse>;

const numberOf = ({ form }: Asked, name: string, usual: number): number => Number(form.get(name) || usual);

async function sleep({ context }: Asked, seconds: number): Promise<void> {
  if (seconds > 0) await context.host.sleep(seconds * 1000);
}

/** So many KiB of digits, each after a while. */
async function bodyOf(asked: Asked, intervalSeconds: number): Promise<string> {
  const size = numberOf(asked, 'size', 0);
  await sleep(asked, size * intervalSeconds);
  return DIGITS.repeat((size * KIB) / DIGITS.length);
}

const sleepHeaders: Handler = async (asked) => {
  const seconds = numberOf(asked, 'time', 0);
  await sleep(asked, seconds);
  return plain(`Slept for ${seconds} secs\n${await bodyOf(asked, 0)}`, numberOf(asked, 'code', 500));
};

const sleepBody: Handler = async (asked) => {
  const seconds = numberOf(asked, 'time', 0);
  const body = await bodyOf(asked, numberOf(asked, 'interval', 0));
  await sleep(asked, seconds);
  return plain(`${body}Sleeping for ${seconds} secs\nSlept for ${seconds} secs\n`, numberOf(asked, 'code', 500));
};

/** The connection ends before the answer does. */
const disconnect: Handler = () => {
  throw new BadAnswer('EOF');
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/started': ({ ranMs }) => plain(goDurationText(ranMs)),
  '/healthz': ({ ranMs }) => (ranMs > HEALTHY_MS ? plain(`error: ${ranMs / 1000}`, 500) : plain('ok')),
  '/redirect': ({ form }) => {
    const location = form.get('loc') ?? '';
    return { ...plain(`<a href="${location}">Found</a>.\n\n`, 302), headers: { 'content-type': 'text/html; charset=utf-8', location } };
  },
  '/sleep-headers': sleepHeaders,
  '/disconnect-headers': disconnect,
  '/sleep-body': sleepBody,
  '/disconnect-body': disconnect,
  '/slow-response': async (asked) => plain(await bodyOf(asked, numberOf(asked, 'interval', 0)), numberOf(asked, 'code', 500)),
};

/** `agnhost liveness`: well for ten seconds, and then no more (upstream `test/images/agnhost/liveness/server.go`). */
export const liveness: CommandFunction = async (context) => {
  const { clock, startedAt } = context.host.process;
  const program = new GoProgram(context);
  program.listenHttp(PORT, async (request) => {
    const asked = { context, form: formOf(request), ranMs: clock.now() - startedAt };
    return (await HANDLERS[pathOf(request)]?.(asked)) ?? plain('404 page not found\n', 404);
  });
  return await program.run();
};
