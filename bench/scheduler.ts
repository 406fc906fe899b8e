// How fast pods find nodes.
//
//   npm run bench -- scheduler [--workload basic,preemption] [--api memory|server]
//
// With `memory` the API server is a stand-in in the same process: what is seen is the scheduler alone, the reading of what watches bring
// included. With `server` the API server and the scheduler are processes of their own, and everything is durable.

import { loadavg } from 'node:os';
import { join } from 'node:path';
import { option, parseOptions } from '../runtime/index.ts';
import { measureInMemory } from './scheduler/in-memory.ts';
import { HEADER, lineOf } from './scheduler/measure.ts';
import { loadWorkloads } from './scheduler/workload.ts';

const { values } = parseOptions(
  {
    workload: option.list('Which workloads; all unless given.'),
    api: option.string('memory or server.', 'memory'),
  },
  process.argv.slice(2),
);

const all = loadWorkloads(join(import.meta.dirname, '..', '..'));
const chosen = values.workload.length === 0 ? all : all.filter(({ name }) => values.workload.includes(name));
console.log(`load ${loadavg()[0]?.toFixed(1)}, Node.js ${process.version}, API in ${values.api}`);
console.log(HEADER);
for (const workload of chosen) {
  const measure = values.api === 'server' ? (await import('./scheduler/on-server.ts')).measureOnServer : measureInMemory;
  console.log(lineOf(await measure(workload)));
}
