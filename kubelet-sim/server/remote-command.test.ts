import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../runtime/cri.ts';
import { Feed } from './feed.ts';
import { type RemoteCommand, runCommand } from './remote-command.ts';

const options = { stdin: false, stdout: true, stderr: false, tty: false };
const broken: RemoteCommand = { options, doing: 'executing command in', work: () => Promise.reject(new Error('no such thing')) };
const outcomeOf = async (command: RemoteCommand) => {
  const { status } = await runCommand(command, {
    stdin: undefined,
    resizes: new Feed(),
    signal: new AbortController().signal,
    output: () => expect.fail('nothing was said'),
  });
  return status;
};

describe('what goes wrong in a container', () => {
  const why = 'error executing command in container: no such thing';
  const failure = { status: 'Failure', reason: 'InternalError', code: 500 };

  it('is told as it is', async () => {
    expect(await outcomeOf(broken)).toMatchObject({
      ...failure,
      message: `Internal error occurred: ${why}`,
      details: { causes: [{ message: why }] },
    });
  });

  it('is told as an API server passes it on, which makes it an error of its own', async () => {
    expect(await outcomeOf({ ...broken, isTranslated: true })).toMatchObject({
      ...failure,
      message: `Internal error occurred: Internal error occurred: ${why}`,
      details: { causes: [{ message: `Internal error occurred: ${why}` }] },
    });
  });
});

it("an exit code is told in containerd's words, by an API server in its own", async () => {
  const failing: RemoteCommand = { options, doing: 'executing command in', argv: ['sh', '-c', 'exit 3'], work: () => Promise.resolve(3) };
  const message = (why: string) => ({ reason: 'NonZeroExitCode', message: `command terminated with non-zero exit code: ${why}` });
  expect(await outcomeOf(failing)).toMatchObject(message('error executing command [sh -c exit 3], exit code 3'));
  expect(await outcomeOf({ ...failing, isTranslated: true })).toMatchObject(message('command terminated with exit code 3'));
});

it("a runtime's error comes over a stream, which is no gRPC", async () => {
  const refused: RemoteCommand = { ...broken, work: () => Promise.reject(new RuntimeError('Unknown', 'no such program')) };
  expect(await outcomeOf(refused)).toMatchObject({
    details: { causes: [{ message: 'error executing command in container: no such program' }] },
  });
});

describe("a terminal's sizes", () => {
  /** The sizes a command is told when a client says this. */
  const sizesFrom = async (...chunks: string[]) => {
    const resizes = new Feed();
    for (const chunk of chunks) resizes.push(Buffer.from(chunk));
    resizes.end();
    const told: string[] = [];
    const work: RemoteCommand = {
      options: { ...options, tty: true },
      doing: 'executing command in',
      work: async (streams) => {
        for await (const { width, height } of streams.resizes ?? []) told.push(`${width}x${height}`);
        return 0;
      },
    };
    await runCommand(work, { stdin: undefined, resizes, signal: new AbortController().signal, output: () => undefined });
    return told;
  };

  it.each([
    ['as kubectl tells them', ['{"Width":80,"Height":24}\n', '{"Width":100,"Height":30}\n'], ['80x24', '100x30']],
    ['as the JavaScript client tells them', ['{"height":24,"width":80}'], ['80x24']],
    ['in one piece', ['{"Width":80,"Height":24}{"HEIGHT":3,"WIDTH":8}'], ['80x24', '8x3']],
    ['cut anywhere', ['{"Wid', 'th":80,"Heig', 'ht":2', '4}', '{}'], ['80x24', '0x0']],
    ['with fields that nobody knows', ['{"a":{"b":"}"},"Width":80,"Height":null}'], ['80x0']],
    ['until something is no size', ['{"Width":80,"Height":24}', '{"Width":"8"}', '{"Width":1,"Height":1}'], ['80x24']],
    ['of sixteen bits', ['{"Width":65536,"Height":24}'], []],
    ['of a bounded length', [`{"a":"${'x'.repeat(2000)}`, '"}{"Width":1,"Height":1}'], []],
  ])('are read %s', async (_, chunks, sizes) => {
    expect(await sizesFrom(...chunks)).toEqual(sizes);
  });
});
