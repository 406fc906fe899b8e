import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../support/sources.ts';

/** A process with a logger, and what it does. */
function talker(code: string) {
  const head = `
    import { readSync } from 'node:fs';
    import { createLogger } from ${JSON.stringify(join(ROOT, 'dist/runtime/logger.js'))};
    const logger = createLogger('talker');
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', head + code], { stdio: ['pipe', 'pipe', 'inherit'] });
}

test('a process ends although who read its log went while it was ending', async () => {
  const child = talker(`
    logger.info('first');
    readSync(0, Buffer.alloc(1)); // until the reader has gone, with no turn of the event loop
    logger.info('second');
    process.exit(0);
  `);
  await once(child.stdout, 'readable');
  child.stdout.destroy();
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('what is logged before the process ends is written, all of it', async () => {
  const child = talker(`for (let i = 0; i < 2000; i++) logger.info({ i }, 'said'); process.exit(0);`);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  expect(text.trimEnd().split('\n')).toHaveLength(2000);
});
