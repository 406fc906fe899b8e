// `agnhost inclusterclient`: asks the API server whether it is well, over and over, with the token of its pod (upstream
// `test/images/agnhost/inclusterclient`).
import { createHash } from 'node:crypto';
import { commandLineOption } from '../command-line.ts';
import { get, type InCluster } from '../in-cluster/in-cluster.ts';
import { InClusterLoop, messageOf } from '../in-cluster/in-cluster-loop.ts';
import { type Klog, klogTo } from '../in-cluster/klog.ts';
import type { ProcessContext, Program } from '../program.ts';

const POLL_SECONDS = 30;

export const inClusterClient = (argv: readonly string[]): Program => ({
  start: (context) => {
    const log = klogTo(context);
    log('I', 'main.go:60] started');
    return new InClusterLoop(context, {
      everyMs: Number(commandLineOption(argv, 'poll-interval') || POLL_SECONDS) * 1000,
      turn: (server) => poll(context, server, log),
      failed: (error) => {
        log('E', 'main.go:83] status=failed');
        log('E', `main.go:84] error checking /healthz: ${messageOf(error)}`);
      },
      unusable: (error) => context.output('stderr', `err: ${messageOf(error)}\n`),
    });
  },
});

async function poll(context: ProcessContext, { url, authorization }: InCluster, log: Klog): Promise<void> {
  log('I', 'main.go:80] calling /healthz');
  const header = await authorization();
  log('I', `main.go:97] authz_header=${createHash('sha256').update(`salt|${header}`).digest('base64url')}`);
  const { status, body } = await get(context, `${url}/healthz`, { authorization: header });
  if (status !== 200) throw new Error(body);
}
