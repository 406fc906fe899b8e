import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run bench -- NAME [ARGS]`: runs a workload of this folder. */
const [name = '', ...rest] = process.argv.slice(2);
const workloads = readdirSync(import.meta.dirname)
  .filter((file) => /^[\w-]+\.[jt]s$/.test(file) && !file.startsWith('main.'))
  .map((file) => file.replace(/\.[jt]s$/, ''));
if (workloads.includes(name)) {
  process.argv.splice(2, process.argv.length, ...rest);
  await import(join(import.meta.dirname, `${name}.js`));
} else {
  process.stderr.write(`npm run bench -- NAME [ARGS], where NAME is one of ${workloads.join(', ')}\n`);
  process.exitCode = 2;
}
