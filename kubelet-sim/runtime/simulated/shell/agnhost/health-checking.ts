import type { HealthAnswer } from '../../../cri.ts';
import { BadAnswer } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import type { CommandFunction } from '../shell-context.ts';
import { GoProgram, goDurationText, pathOf, plain } from './go-program.ts';

/** What a server of gRPC says to a client of HTTP/1.1. */
const SETTINGS_FRAME =
  'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x00\\x00\\x06\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x05\\x00\\x00@\\x00"';

const VALUES: ReadonlySet<string> = new Set(['port', 'http-port', 'delay-unhealthy-sec', 'service']);

/**
 * `agnhost grpc-health-checking`: a health service that a request over HTTP, or time, turns (upstream
 * `test/images/agnhost/grpc-health-checking/grpc-health-checking.go`).
 */
export const healthChecking: CommandFunction = async (context) => {
  const { clock, startedAt } = context.host.process;
  const { values } = readOptions(context.args, VALUES);
  const numberOf = (name: string, usual: number) => Number(values.get(name) ?? usual);
  const unhealthyAfterMs = numberOf('delay-unhealthy-sec', -1) * 1000;
  const ranMs = () => clock.now() - startedAt;
  let isForced = false;
  const health = (service: string): HealthAnswer => {
    if (service !== (values.get('service') ?? '')) return 'NOT_FOUND';
    return isForced || (unhealthyAfterMs >= 0 && ranMs() >= unhealthyAfterMs) ? 'NOT_SERVING' : 'SERVING';
  };
  const program = new GoProgram(context);
  program.log(`Http server starting to listen on :${numberOf('http-port', 8080)}`);
  program.log(`gRPC server starting to listen on :${numberOf('port', 5000)}`);
  program.listenHttp(numberOf('http-port', 8080), (request) => {
    const path = pathOf(request);
    if (path !== '/make-serving' && path !== '/make-not-serving') return plain('404 page not found\n', 404);
    isForced = path === '/make-not-serving';
    program.log(isForced ? 'Mark as unhealthy' : 'Mark as healthy');
    return plain(goDurationText(ranMs()));
  });
  const noHttp = () => Promise.reject(new BadAnswer(SETTINGS_FRAME));
  program.listen(numberOf('port', 5000), { http: noHttp, stream: () => Promise.resolve(), health }, 'TCP');
  return await program.run();
};
