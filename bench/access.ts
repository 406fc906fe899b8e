import { parallel, startServer } from './support/server.ts';

/*
 * `npm run bench -- access`: whether many bindings slow the requests of one user. A user with one RoleBinding reads a ConfigMap, beside few other
 * bindings and beside 10,000; the server is the same, the bindings come in between. Both are measured in rounds, of which the best counts.
 */

const BINDINGS = 10_000;
const NAMESPACES = 100;
const REQUESTS = 3000;
const ROUNDS = 5;
const CONNECTIONS = 16;

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const userOf = (i: number) => `user-${i}`;

const server = await startServer(CONNECTIONS);
try {
  const namespace = (i: number) => `team-${i % NAMESPACES}`;
  await parallel(NAMESPACES, CONNECTIONS, (i) => server.request('POST', '/api/v1/namespaces', { metadata: { name: namespace(i) } }));
  await server.request('POST', `/api/v1/namespaces/${namespace(0)}/configmaps`, { metadata: { name: 'read' }, data: { a: 'b' } });
  const bind = (i: number) =>
    server.request('POST', `${RBAC}/namespaces/${namespace(i)}/rolebindings`, {
      metadata: { name: `binding-${i}` },
      roleRef,
      subjects: [{ apiGroup: roleRef.apiGroup, kind: 'User', name: userOf(i) }],
    });
  await bind(0);
  await measure(); // until the code is warm
  const few = await measure();
  await parallel(BINDINGS - 1, CONNECTIONS, (i) => bind(i + 1));
  const many = await measure();
  const line = (what: string, { perSecond, cpuUs }: Measured) =>
    `${what.padEnd(28)}${Math.round(perSecond).toLocaleString('en-US').padStart(10)}/s${cpuUs.toFixed(0).padStart(8)} µs of CPU`;
  process.stdout.write(`${line('get, 1 RoleBinding', few)}\n${line('get, 10,000 RoleBindings', many)}\n`);
} finally {
  await server.stop();
}

interface Measured {
  readonly perSecond: number;
  /** Of the server, for one request. */
  readonly cpuUs: number;
}

async function measure(): Promise<Measured> {
  const headers = { 'impersonate-user': userOf(0) };
  const rounds: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [began, cpu] = [performance.now(), await server.cpuUs()];
    await parallel(REQUESTS, CONNECTIONS, () => server.request('GET', '/api/v1/namespaces/team-0/configmaps/read', undefined, headers));
    const seconds = (performance.now() - began) / 1000;
    rounds.push({ perSecond: REQUESTS / seconds, cpuUs: ((await server.cpuUs()) - cpu) / REQUESTS });
  }
  return { perSecond: Math.max(...rounds.map((each) => each.perSecond)), cpuUs: Math.min(...rounds.map((each) => each.cpuUs)) };
}
