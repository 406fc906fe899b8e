import type { HttpResponse } from '../../../cri.ts';
import { hostPort } from '../../../host-port.ts';
import { BadAnswer, CLIENT_PORT, ConnectError } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import { askFollowing, TimedOut } from '../http-client.ts';
import type { CommandContext, CommandFunction, ShellHost } from '../shell-context.ts';
import { formOf, GoProgram, pathOf, plain } from './go-program.ts';

const ANSWER_MS = 30_000;

const portOf = (context: CommandContext, usual: number): number =>
  Number(readOptions(context.args, new Set(['port'])).values.get('port') ?? usual);

async function get(host: ShellHost, url: string): Promise<HttpResponse> {
  try {
    return (await askFollowing(host, new URL(url), { method: 'GET', headers: {}, timeoutMs: ANSWER_MS }, false)).response;
  } catch (error) {
    if (error instanceof ConnectError || error instanceof BadAnswer || error instanceof TimedOut)
      return plain(`Get "${url}": ${error.message}\n`, 500);
    throw error;
  }
}

/** `agnhost no-snat-test`: whether others see this pod's own address (upstream `test/images/agnhost/no-snat-test/main.go`). */
export const noSnatTest: CommandFunction = async (context) => {
  const environment = context.state.environment(context.assigned);
  const podIp = environment.get('POD_IP') ?? '';
  const program = new GoProgram(context);
  const port = portOf(context, 8080);
  program.listenHttp(port, async (request) => {
    if (pathOf(request) === '/whoami') return plain(hostPort(request.from, CLIENT_PORT));
    if (pathOf(request) !== '/checknosnat') return plain('404 page not found\n', 404);
    for (const ip of (formOf(request).get('ips') ?? '').split(',')) {
      const { status, body } = await get(context.host, `http://${ip}/whoami`);
      const seen = body.slice(0, body.lastIndexOf(':'));
      if (status !== 200) return plain(`error from ${ip}/whoami: ${body}\n`, 500);
      if (seen !== podIp) return plain(`Returned ip ${seen} != my Pod ip ${podIp}, this is probably a SNAT\n`, 500);
    }
    return plain('');
  });
  return await program.run();
};

/** `agnhost no-snat-test-proxy`: asks another for it. */
export const noSnatTestProxy: CommandFunction = async (context) => {
  const program = new GoProgram(context);
  program.listenHttp(portOf(context, 31_235), async (request) => {
    const form = formOf(request);
    return await get(context.host, `http://${form.get('target') ?? ''}/checknosnat?ips=${form.get('ips') ?? ''}`);
  });
  return await program.run();
};
