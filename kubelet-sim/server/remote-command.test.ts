import { describe, expect, it } from 'vitest';
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
