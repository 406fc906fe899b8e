import { readOptions } from '../command-options.ts';
import type { CommandFunction } from '../shell-context.ts';
import { GoProgram, goJson, pathOf, plain } from './go-program.ts';

/** What `/read` shows. */
interface State {
  readonly Hostname: string;
  readonly Sent: Record<string, number> | null;
  Received: Record<string, number> | null;
  Errors: string[] | null;
  readonly Log: string[] | null;
  readonly StillContactingPeers: boolean;
}

const VALUES: ReadonlySet<string> = new Set(['port', 'peers', 'service', 'namespace', 'delay-shutdown']);

/** `agnhost nettest`: keeps a record of who wrote to it (upstream `test/images/agnhost/nettest/nettest.go`). It writes to nobody itself. */
export const nettest: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, VALUES);
  const { hostname } = context.host.process;
  const state: State = { Hostname: hostname, Sent: null, Received: null, Errors: null, Log: null, StillContactingPeers: true };
  const peers = Number(values.get('peers') ?? 8);
  const delaySeconds = Number(values.get('delay-shutdown') ?? 0);
  const endLater = () => {
    program.log(`Sleeping ${delaySeconds} seconds before exit ...`);
    context.host.sleep(delaySeconds * 1000).then(
      () => program.exit(0),
      () => undefined, // it was killed meanwhile
    );
  };
  const program: GoProgram = new GoProgram(context, delaySeconds > 0 ? endLater : undefined);
  program.listenHttp(Number(values.get('port') ?? 8080), (request) => {
    switch (pathOf(request)) {
      case '/read':
        return plain(JSON.stringify(state, undefined, '\t'));
      case '/write':
        note(state, request.body ?? '');
        return plain(`${goJson({ Hostname: hostname })}\n`);
      case '/status':
        return plain(peers <= 0 || Math.min(countOf(state.Sent), countOf(state.Received)) >= peers ? 'pass' : 'running');
      case '/quit':
        program.exit(0);
        return plain('');
      default:
        return plain('404 page not found\n', 404);
    }
  });
  return await program.run();
};

const countOf = (record: Readonly<Record<string, number>> | null): number => Object.keys(record ?? {}).length;

/** Writes down who wrote, or what was wrong with it. */
function note(state: State, body: string): void {
  const source = sourceOf(body);
  if (source instanceof Error) state.Errors = [...(state.Errors ?? []), source.message];
  else if (source === '') state.Errors = [...(state.Errors ?? []), `${state.Hostname}: Got request with no source`];
  else state.Received = { ...state.Received, [source]: (state.Received?.[source] ?? 0) + 1 };
}

/** Who says in a JSON document that it writes; what a decoder complains of. */
function sourceOf(body: string): string | Error {
  try {
    const value: unknown = JSON.parse(body);
    const source = typeof value === 'object' && value !== null && 'Source' in value ? value.Source : '';
    return typeof source === 'string' ? source : '';
  } catch (error) {
    return body.trim() === '' ? new Error('EOF') : error instanceof Error ? error : new Error(String(error));
  }
}
