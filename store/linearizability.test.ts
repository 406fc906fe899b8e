/** The embedded store does one thing after the other, as all its clients see it: also when its process is killed and started again. */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { seededRandom } from '../runtime/index.ts';
import { compileScript } from '../test/support/compile.ts';
import { runClients } from '../test/support/history-clients.ts';
import { type HistoryEvent, violations } from '../test/support/linearizability.ts';
import { seedOf, times } from '../test/support/long-run.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore } from './index.ts';

const SEED = seedOf(20_261_124);
const LIVES = times(6, 60);
const LINES_MAX = 1200;

test('clients of one process', async () => {
  await using directory = await tempDirectory();
  const store = await openLevelStore({ directory: directory.path });
  const history: HistoryEvent[] = [];
  const onEvent = (event: HistoryEvent) => history.push(event);
  await runClients({ store, random: seededRandom(SEED), clients: 40, operations: 50, keys: 8, onEvent });
  expect(history).toHaveLength(2 * 40 * 50);
  expect(violations(history), `seed ${SEED}`).toEqual([]);
  await store.close();
});

/** What a process printed until it was killed, which is once it has printed so many lines. */
async function live(script: string, args: readonly string[], lines: number): Promise<HistoryEvent[]> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const signal = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)));
  expect({ signal, errors }).toEqual({ signal: 'SIGKILL', errors: '' });
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as HistoryEvent);
}

test('clients of a process that is killed again and again', { timeout: 600_000 }, async () => {
  await using script = await compileScript('test/support/history-child.ts');
  await using directory = await tempDirectory();
  const random = seededRandom(SEED);
  const history: HistoryEvent[] = [];
  for (let count = 0; count < LIVES; count++) {
    const args = [directory.path, String(SEED + count), String(count * 1_000_000)];
    history.push(...(await live(script.path, args, 1 + random.integer(LINES_MAX))));
  }
  expect(history.some((event) => event.type === 'answer' && event.answer.done === true)).toBe(true);
  expect(violations(history), `seed ${SEED}`).toEqual([]);
});
