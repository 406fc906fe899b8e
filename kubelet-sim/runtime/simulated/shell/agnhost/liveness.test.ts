import { expect, test } from 'vitest';
import { TestRuntime } from '../../../../testing/runtime-harness.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.56';

/** Runs a command of agnhost, and asks it from beside it. */
async function ask(args: string[], ...requests: string[]): Promise<string[]> {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: AGNHOST, args });
  const beside = await node.start(sandbox, { name: 'beside', image: AGNHOST, script: 'sleep 1000' });
  const answers: string[] = [];
  for (const request of requests) answers.push((await node.exec(beside, `sleep 6; curl -s ${request}`, 10)).text);
  return answers;
}

test('liveness says for how long it has been too long, and leads where it is told', async () => {
  const answers = await ask(['liveness'], 'localhost:8080/healthz', 'localhost:8080/healthz', '-i "localhost:8080/redirect?loc=/healthz"');
  expect(answers[0]).toBe('ok');
  expect(answers[1]).toMatch(/^error: \d+(?:\.\d+)?$/);
  expect(answers[2]).toMatch(/^HTTP\/1.1 302 Found\r?\n.*location: \/healthz\r?\n.*<a href="\/healthz">Found<\/a>/is);
});

test('nettest remembers who wrote to it', async () => {
  const post = (body: string) => `-X POST -d '${body}' localhost:8080/write`;
  const [written, , state, status] = await ask(
    ['nettest', '--peers=1'],
    post('{"Source":"a"}'),
    post('x'),
    'localhost:8080/read',
    'localhost:8080/status',
  );
  expect(written).toBe('{"Hostname":"web"}\n');
  expect(JSON.parse(state ?? '')).toMatchObject({ Hostname: 'web', Received: { a: 1 }, Sent: null });
  expect([JSON.parse(state ?? '').Errors.length, status]).toEqual([1, 'running']);
});
