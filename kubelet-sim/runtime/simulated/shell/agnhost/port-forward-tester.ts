import type { ByteStream } from '../../network/listener.ts';
import { rawListener } from '../nc.ts';
import type { CommandFunction } from '../shell-context.ts';
import { GoProgram } from './go-program.ts';

/** How long the other end is given to see that nothing more comes. */
const CLOSING_MS = 500;
const EXIT_NOT_READ = 2;
const EXIT_OTHER_DATA = 3;

/**
 * `agnhost port-forward-tester`: takes one connection, reads what it expects, and sends chunks of `x`; variables say of what size, how many
 * and how often (upstream `test/images/agnhost/port-forward-tester/portforwardtester.go`).
 */
export const portForwardTester: CommandFunction = async (context) => {
  const { host, state, assigned } = context;
  const variables = new Map(state.environment(assigned));
  const program = new GoProgram(context);
  const say = (text: string) => host.process.output('stdout', `${text}\n`);
  const fail = (text: string, code: number) => {
    say(text);
    program.exit(code);
  };
  const number = (name: string): number | undefined => {
    const text = variables.get(name) ?? '';
    if (/^[+-]?\d+$/.test(text)) return Number(text);
    fail(`Error parsing ${name} ${JSON.stringify(text)}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`, 1);
    return undefined;
  };
  const talk = async (stream: ByteStream): Promise<void> => {
    say('Accepted client connection');
    const expected = variables.get('EXPECTED_CLIENT_DATA') ?? '';
    const got = await read(stream, expected.length);
    if (got.length !== expected.length) {
      return fail(`Expected to read ${expected.length} bytes from client, but got ${got.length} instead. err=EOF`, EXIT_NOT_READ);
    }
    if (got !== expected)
      return fail(`Expect to read ${JSON.stringify(expected)}, but got ${JSON.stringify(got)}. err=<nil>`, EXIT_OTHER_DATA);
    if (expected !== '') say('Received expected client data');
    const [chunks, size, intervalMs] = [number('CHUNKS'), number('CHUNK_SIZE'), number('CHUNK_INTERVAL')];
    if (chunks === undefined || size === undefined || intervalMs === undefined) return;
    for (let i = 0; i < chunks; i++) {
      stream.output('x'.repeat(size));
      if (i + 1 < chunks) await host.sleep(intervalMs);
    }
    say('Shutting down connection');
    await host.sleep(CLOSING_MS);
    say('Done');
    program.exit(0);
  };
  let isTaken = false;
  program.listen(
    Number(variables.get('BIND_PORT')),
    rawListener((stream) => {
      if (isTaken) return new Promise(() => undefined); // nobody accepts a second one
      isTaken = true;
      return talk(stream);
    }),
    'TCP',
  );
  return await program.run();
};

/** So much of what comes, or less if it ends before. */
async function read({ input }: ByteStream, length: number): Promise<string> {
  let text = '';
  if (length === 0) return text;
  for await (const piece of input) {
    text += piece;
    if (text.length >= length) return text.slice(0, length);
  }
  return text;
}
