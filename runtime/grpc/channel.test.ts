import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../clock.ts';
import { duplexPair } from '../duplex-pair.ts';
import { seededRandom } from '../random.ts';
import { Channel } from './channel.ts';
import { CODE, GrpcError } from './grpc-error.ts';
import { message, string } from './message.ts';
import { methodsOf } from './method.ts';
import { handling, UnaryServer } from './unary-server.ts';

const Text = message({ text: string(1) });
const method = methodsOf('test.Echo');
const ECHO = method('Say', Text, Text);
const OTHER = method('Whisper', Text, Text);

describe('gRPC over connections that others open', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const server = (answer: (request: { text: string }) => Promise<{ text: string }> | { text: string }) => {
    const made = new UnaryServer([handling(ECHO, answer)]);
    closing.push(() => made.close());
    return made;
  };

  const channelTo = (accept: () => UnaryServer, clock = new VirtualClock()) => {
    const changes: boolean[] = [];
    const channel = new Channel({
      dial: () => {
        const [ours, theirs] = duplexPair();
        accept().accept(theirs);
        return Promise.resolve(ours);
      },
      clock,
      random: seededRandom(1),
      onChange: (isConnected) => changes.push(isConnected),
    });
    closing.push(() => channel.close());
    return { channel, changes, clock };
  };

  it('answers calls, one after the other and side by side', async () => {
    const echo = server(({ text }) => ({ text: text.toUpperCase() }));
    const { channel } = channelTo(() => echo);
    const large = 'x'.repeat(300_000);
    expect(await channel.call(ECHO, { text: 'hear' }, 1000)).toEqual({ text: 'HEAR' });
    const answers = await Promise.all(['a', large].map((text) => channel.call(ECHO, { text }, 1000)));
    expect(answers.map(({ text }) => text.length)).toEqual([1, large.length]);
  });

  it('says what a server said, as Go writes it', async () => {
    const angry = server(() => {
      throw new GrpcError(9, '100% not “now”');
    });
    const { channel } = channelTo(() => angry);
    await expect(channel.call(ECHO, {}, 1000)).rejects.toThrow('rpc error: code = FailedPrecondition desc = 100% not “now”');
    await expect(channel.call(OTHER, {}, 1000)).rejects.toThrow(
      'rpc error: code = Unimplemented desc = unknown method Whisper for service test.Echo',
    );
  });

  it('waits as long as it was told', async () => {
    const silent = server(() => new Promise(() => undefined));
    const { channel, clock } = channelTo(() => silent);
    const call = channel.call(ECHO, {}, 1000);
    const said = expect(call).rejects.toThrow('rpc error: code = DeadlineExceeded desc = context deadline exceeded');
    await clock.advance(1000);
    await said;
  });

  it('connects again when a connection ends, and tells', async () => {
    let current = server(() => ({ text: 'first' }));
    const { channel, changes } = channelTo(() => current);
    expect(await channel.call(ECHO, {}, 1000)).toEqual({ text: 'first' });
    const gone = current;
    current = server(() => ({ text: 'second' }));
    gone.close();
    await expect.poll(() => changes).toEqual([true, false, true]);
    expect(await channel.call(ECHO, {}, 1000)).toEqual({ text: 'second' });
  });

  it('says why nobody can be connected to, at once until the next try', async () => {
    let tries = 0;
    const clock = new VirtualClock();
    const channel = new Channel({
      dial: () => Promise.reject(new Error(`dial unix /x.sock: connect: refused ${++tries}`)),
      clock,
      random: seededRandom(1),
    });
    closing.push(() => channel.close());
    const why = (n: number) =>
      `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /x.sock: connect: refused ${n}"`;
    for (let i = 0; i < 2; i++) await expect(channel.call(ECHO, {}, 1000)).rejects.toThrow(why(1));
    await clock.advance(1200);
    await expect.poll(() => tries).toBe(2);
    await expect(channel.call(ECHO, {}, 1000)).rejects.toMatchObject({ message: why(2), number: CODE.unavailable });
  });
});
