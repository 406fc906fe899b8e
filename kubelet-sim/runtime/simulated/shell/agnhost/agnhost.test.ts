import { expect, test } from 'vitest';
import { NODE_IP, TestRuntime } from '../../../../testing/runtime-harness.ts';

const IMAGE = 'registry.k8s.io/e2e-test-images/agnhost:2.57';

/** A pod that runs agnhost with these arguments, and one to ask from. */
async function pair(...args: string[]) {
  const node = new TestRuntime();
  const server = await node.start(node.sandbox({ name: 'server' }), { image: IMAGE, args });
  const client = await node.start(node.sandbox({ name: 'client' }), { image: IMAGE, args: ['pause'] });
  const ask = async (path: string, port = 8080) => (await node.exec(client, `curl -s 'http://10.244.0.2:${port}${path}'`, 8)).text;
  return { node, server, client, ask };
}

test('netexec says who it is and whom it sees, over HTTP, UDP and SCTP', async () => {
  const { node, client, server, ask } = await pair('netexec', '--sctp-port=8082');
  expect([await ask('/hostname'), await ask('/clientip'), await ask('/echo?msg=a%20b')]).toEqual(['server', '10.244.0.3:40000', 'a b']);
  expect(await node.say(client, 'echo hostname | nc -u -w 1 10.244.0.2 8081', 3)).toBe('server');
  expect(await node.say(client, 'echo "echo Hello" | nc -u -w 1 10.244.0.2 8081', 3)).toBe('hello');
  expect(await node.say(client, '/agnhost connect --protocol=sctp 10.244.0.2:8082; echo $?')).toBe('0\n');
  expect(await node.log(server)).toContain('GET /echo?msg=a b&code=');
});

test('netexec says over UDP which port it was asked at, as over HTTP: two containers of a pod were not told apart', async () => {
  const { node, client, server, ask } = await pair('netexec', '--udp-port=9090');
  expect(await ask('/serverport')).toBe('8080');
  expect(await node.say(client, 'echo serverport | nc -u -w 1 10.244.0.2 9090', 3)).toBe('9090');
  expect(await node.log(server)).toContain('Sending server port to UDP client 9090');
});

test('netexec dials others, and tells what it heard or why it did not', async () => {
  const { ask } = await pair('netexec');
  const dial = (query: string) => ask(`/dial?host=10.244.0.2&${query}`);
  expect(await dial('port=8080&request=hostname&tries=2')).toBe('{"responses":["server","server"]}');
  expect(await dial('port=8081&protocol=udp&request=hostname')).toBe('{"responses":["server"]}');
  expect(await dial('port=81&request=hostname')).toBe(
    '{"errors":["Get \\"http://10.244.0.2:81/hostname\\": dial tcp 10.244.0.2:81: connect: connection refused"]}',
  );
  expect(await dial('port=8081&protocol=udp&request=nothing')).toContain('i/o timeout');
  expect(await dial('port=80')).toBe('request parameter not specified. <nil>\n');
});

test('netexec runs commands, keeps files, leads elsewhere and ends', async () => {
  const { node, client, server, ask } = await pair('netexec');
  expect(await ask('/shell?cmd=echo%20hi;exit%203')).toBe('{"error":"exit status 3","output":"hi\\n"}');
  expect(
    await node.say(client, "curl -s -o /dev/null -w '%{http_code}' 'http://10.244.0.2:8080/redirect?location=/hostname&code=307'"),
  ).toBe('307');
  const form = `'--X' 'Content-Disposition: form-data; name="file"; filename="f"' '' hello '--X--'`;
  const upload = `printf '%s\\r\\n' ${form} > /tmp/form; curl -s -H 'content-type: multipart/form-data; boundary=X' --data-binary @/tmp/form http://10.244.0.2:8080/upload`;
  expect(await node.say(client, upload)).toMatch(/^\{"output":"\/uploads\/upload\d+"\}$/);
  expect(await node.say(server, 'cat /uploads/*')).toBe('hello');
  expect((await node.exec(client, 'curl http://10.244.0.2:8080/exit?code=7')).code).toBe(52);
  expect(node.state(server)).toBe('Error 7');
});

test('netexec that is asked to end does so at once, or after its delay', async () => {
  const { node, server } = await pair('netexec');
  await Promise.all([node.runtime.stopContainer(server, 30_000), node.pass(1)]);
  expect(node.state(server)).toBe('Completed 0');
  const slow = await pair('netexec', '--delay-shutdown=10');
  expect(await slow.ask('/readyz')).toBe('ok');
  const stopped = slow.node.runtime.stopContainer(slow.server, 30_000);
  await slow.node.pass(5);
  expect(await slow.ask('/hostname')).toBe('server');
  expect(await slow.ask('/readyz')).toBe('shutting down');
  expect(
    await slow.node.exec(slow.client, 'curl -sfo /dev/null http://10.244.0.2:8080/healthz && ! curl -sf http://10.244.0.2:8080/readyz'),
  ).toEqual({ text: '', code: 0 });
  await slow.node.pass(6);
  await stopped;
  expect(slow.node.state(slow.server)).toBe('Completed 0');
});

test('connect says in a word why nobody answers', async () => {
  const { node, client } = await pair('netexec');
  const connect = async (where: string) => (await node.exec(client, `/agnhost connect --timeout=1s ${where}`, 3)).text;
  expect([await connect('10.244.0.2:8080'), await connect('10.244.0.2:81'), await connect('no-such-name:80')]).toEqual([
    '',
    '!REFUSED\n',
    '!DNS: lookup no-such-name: no such host\n',
  ]);
  expect(await connect('--protocol=udp 10.244.0.2:8081')).toBe('');
  expect(await connect('--protocol=udp --udp-data=nothing 10.244.0.2:8081')).toBe('!TIMEOUT: i/o timeout\n');
  expect(await connect('8.8.8.8:53')).toContain('!OTHER: dial tcp 8.8.8.8:53: connect: no route to host');
});

test('porter says on each port what the variable named after it holds', async () => {
  const environment = () =>
    Promise.resolve(
      new Map([
        ['SERVE_PORT_80', 'foo'],
        ['SERVE_UDP_PORT_53', 'bar'],
        ['SERVE_TLS_PORT_443', 'baz'],
      ]),
    );
  const node = new TestRuntime();
  await node.start(node.sandbox({ name: 'server' }), { image: IMAGE, command: ['/agnhost', 'porter', '--json-response'], environment });
  const client = await node.start(node.sandbox({ name: 'client' }), { image: IMAGE, args: ['pause'] });
  expect(await node.say(client, 'curl -s -X PATCH 10.244.0.2/some/path')).toBe('{"Method":"PATCH","Body":"foo"}');
  expect(await node.say(client, 'curl -sk https://10.244.0.2/')).toBe('{"Method":"GET","Body":"baz"}');
  expect(await node.say(client, 'echo x | nc -u -w 1 10.244.0.2 53', 3)).toBe('bar');
});

test.each([
  ['abc', 'xxxx', ['Accepted client connection', 'Received expected client data', 'Shutting down connection', 'Done'], 'Completed 0'],
  ['abd', '', ['Accepted client connection', 'Expect to read "abc", but got "abd". err=<nil>'], 'Error 3'],
  ['', '', ['Accepted client connection', 'Expected to read 3 bytes from client, but got 0 instead. err=EOF'], 'Error 2'],
])('port-forward-tester tells of one connection that sends %j, and ends', async (sent, received, said, end) => {
  const variables = { BIND_PORT: '80', EXPECTED_CLIENT_DATA: 'abc', CHUNKS: '2', CHUNK_SIZE: '2', CHUNK_INTERVAL: '100' };
  const environment = () => Promise.resolve(new Map(Object.entries(variables)));
  const node = new TestRuntime();
  const server = await node.start(node.sandbox({ name: 'server' }), { image: IMAGE, args: ['port-forward-tester'], environment });
  const client = await node.start(node.sandbox({ name: 'client' }), { image: IMAGE, args: ['pause'] });
  expect(await node.say(client, `printf '${sent}' | nc 10.244.0.2 80`, 2)).toBe(received);
  await node.pass(1);
  expect(node.state(server)).toBe(end);
  expect(await node.log(server)).toBe(said.map((line) => `${line}\n`).join(''));
});

test('netstat lists who listens in the pod', async () => {
  const { node, server } = await pair('netexec', '--http-port=8080', '--udp-port=8081');
  const [title, header, ...rows] = (await node.say(server, 'netstat -na')).split('\n');
  expect(title).toBe('Active Internet connections (servers and established)');
  expect(header).toBe('Proto Recv-Q Send-Q Local Address           Foreign Address         State       ');
  expect(rows).toEqual([
    'tcp        0      0 :::8080                 :::*                    LISTEN      ',
    'udp        0      0 :::8081                 :::*                                ',
    '',
  ]);
  expect((await node.say(server, 'netstat -ltn')).match(/:::\d+/g)).toEqual([':::8080']);
  expect(await node.say(server, 'netstat -n')).toBe(`Active Internet connections (w/o servers)\n${header}\n`);
});

test('test-webserver serves the files of its pod; serve-hostname its name, and lingers when it is asked to end', async () => {
  const { node, server, ask } = await pair('test-webserver');
  await node.say(server, 'mkdir -p /results/d; echo OK > /results/a@b');
  expect([await ask('/results/a@b', 80), await ask('/none', 80)]).toEqual(['OK\n', '404 page not found\n']);
  expect(await ask('/results/', 80)).toBe('<pre>\n<a href="a@b">a@b</a>\n<a href="d/">d/</a>\n</pre>\n');
  const named = await pair('serve-hostname', '--port=80');
  expect(await named.ask('/', 80)).toBe('server');
  const stopped = named.node.runtime.stopContainer(named.server, 90_000);
  await named.node.pass(30);
  expect(await named.ask('/', 80)).toBe('server');
  await named.node.pass(31);
  await stopped;
  expect(named.node.state(named.server)).toBe('Completed 0');
});

test('the guestbook’s primary tells its replicas', async () => {
  const node = new TestRuntime();
  const primary = await node.start(node.sandbox({ name: 'primary' }), { image: IMAGE, args: ['guestbook', '--http-port', '6379'] });
  const replica = await node.start(node.sandbox({ name: 'replica' }), {
    image: IMAGE,
    args: ['guestbook', '--replicaof', '10.244.0.2', '--http-port', '6379'],
  });
  expect(await node.say(primary, "curl -s '10.244.0.2:6379/get?key=messages'")).toBe('{"data":""}');
  expect(await node.say(primary, "curl -s '10.244.0.2:6379/set?key=messages&value=hi'")).toBe('{"message":"Updated"}');
  expect(await node.say(replica, "curl -s '10.244.0.3:6379/get?key=messages'")).toBe('{"data":"hi"}');
  const late = await node.start(node.sandbox({ name: 'late' }), {
    image: IMAGE,
    args: ['guestbook', '--replicaof', '10.244.0.2', '--http-port', '6379'],
  });
  await node.pass(1);
  expect(await node.say(late, "curl -s '10.244.0.4:6379/get'")).toBe('{"data":{"messages":"hi"}}');
  expect(await node.log(primary)).toContain("Node '10.244.0.4' registered.");
});

test('logs-generator spreads its lines over its time, also in a script, and ends', async () => {
  const node = new TestRuntime();
  const args = ['logs-generator', '--log-lines-total', '4', '--run-duration', '20s'];
  const alone = await node.start(node.sandbox({ name: 'alone' }), { image: IMAGE, args });
  const script = '/agnhost logs-generator -t 2 -d 1s && echo done && /agnhost pause';
  const scripted = await node.start(node.sandbox({ name: 'scripted' }), { image: IMAGE, command: ['sh', '-c', script] });
  await node.pass(11);
  const lines = (text: string) => text.split('\n').filter((line) => line.includes('logs_generator.go'));
  const log = lines(await node.log(alone));
  expect(log).toHaveLength(3);
  expect(log[2]).toMatch(
    /^!I\d{4} [\d:.]{15} +1 logs_generator\.go:\d+\] 2 (GET|POST|PUT) \/api\/v1\/namespaces\/\S+\/pods\/\w{3,4} \d{3}$/,
  );
  expect(lines(await node.log(scripted))).toHaveLength(2);
  expect(await node.log(scripted)).toContain('done\n');
  await node.pass(10);
  expect([node.state(alone), lines(await node.log(alone)).length]).toEqual(['Completed 0', 4]);
});

test('pods on the node’s network are reached at its ports, by UDP too; a port for one address only at that', async () => {
  const node = new TestRuntime();
  const ports = [
    { hostPort: 5000, containerPort: 8080, protocol: 'TCP', hostIP: '127.0.0.1' },
    { hostPort: 5000, containerPort: 8081, protocol: 'UDP', hostIP: NODE_IP },
  ];
  await node.start(node.sandbox({ name: 'server', portMappings: ports }), { image: IMAGE, args: ['netexec'] });
  const onNode = await node.start(node.sandbox({ name: 'host', namespaces: { network: 'node' } }), { image: IMAGE, args: ['pause'] });
  expect(await node.say(onNode, 'curl -s http://127.0.0.1:5000/hostname')).toBe('server');
  expect((await node.exec(onNode, `curl -s http://${NODE_IP}:5000/hostname`)).code).toBe(7);
  expect((await node.exec(onNode, `nc -vuz -w 5 ${NODE_IP} 5000`)).code).toBe(0);
  expect((await node.exec(onNode, `nc -vuz -w 5 ${NODE_IP} 5001`)).code).toBe(1);
});
