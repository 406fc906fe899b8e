import { expect, test } from 'vitest';
import type { Live, NetworkPolicy } from '../../../../api/index.ts';
import { PodAddresses } from '../../../node/pod-addresses.ts';
import { FakeDirectory, meta } from '../../../testing/fake-directory.ts';
import { NODE_IP, TestRuntime } from '../../../testing/runtime-harness.ts';

/** A server `web`, a client and a service between them. */
async function cluster() {
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory });
  const server = node.sandbox({ name: 'web', labels: { app: 'canary-nginx' } });
  await node.start(server, { image: 'traefik/whoami', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] });
  const address = node.runtime.podSandboxStatus(server)?.ip ?? '';
  directory.add('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [{ port: 8080, nodePort: 30_080 }] }, [
    { addresses: [address] },
  ]);
  const client = await node.start(node.sandbox({ name: 'client', labels: { name: 'busybox' } }), { script: 'sleep 100000' });
  return { directory, node, server, address, client };
}

test('a service is reached by its name, its whole name, its address, and on every node', async () => {
  const { node, client } = await cluster();
  for (const host of ['web:8080', 'web.default:8080', 'web.default.svc.cluster.local:8080', '10.96.1.1:8080', `${NODE_IP}:30080`])
    expect(await node.exec(client, `wget -qO- http://${host}/ | head -n 1`), host).toEqual({ text: 'Hostname: web\n', code: 0 });
});

test('a pod is reached by its address, and sees the client’s', async () => {
  const { node, client, address } = await cluster();
  expect(await node.say(client, `curl -s http://${address}/ | grep RemoteAddr`)).toBe('RemoteAddr: 10.244.0.3:40000\n');
});

test('nslookup, getent and dig find services; a name that is not there is NXDOMAIN', async () => {
  const { node, client } = await cluster();
  expect(await node.say(client, 'nslookup web')).toBe(
    'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.1.1\n\n',
  );
  expect((await node.exec(client, 'nslookup nothing')).text).toContain("** server can't find nothing: NXDOMAIN");
  expect(await node.exec(client, 'wget -O- http://nothing')).toEqual({ text: "!wget: bad address 'nothing'\n", code: 1 });
  expect(await node.exec(client, 'wget -O- http://nothing:80/x')).toEqual({ text: "!wget: bad address 'nothing:80'\n", code: 1 });
  expect(await node.exec(client, 'curl -sS http://nothing')).toEqual({ text: '!curl: (6) Could not resolve host: nothing\n', code: 6 });
});

test('a headless service is its ready endpoints; those with a host name have names of their own', async () => {
  const { node, client, directory, address } = await cluster();
  directory.add('db', { clusterIP: 'None', ports: [{ port: 80 }] }, [
    { addresses: [address], hostname: 'db-0' },
    { addresses: ['10.244.0.99'], hostname: 'db-1', conditions: { ready: false } },
  ]);
  expect(await node.say(client, 'dig +search +short db; dig +search +short db-0.db')).toBe(`${address}\n${address}\n`);
  expect((await node.exec(client, 'nslookup db-1.db')).code).toBe(1);
  expect(await node.say(client, `dig +short ${address.replaceAll('.', '-')}.default.pod.cluster.local`)).toBe(`${address}\n`);
});

test('an external name is followed within the cluster, and nowhere else', async () => {
  const { node, client, directory } = await cluster();
  directory.add('alias', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }, []);
  directory.add('outside', { type: 'ExternalName', externalName: 'db.example.com' }, []);
  expect(await node.say(client, 'dig +search +short alias')).toBe('web.default.svc.cluster.local.\n10.96.1.1\n');
  expect((await node.exec(client, 'nslookup outside')).code).toBe(1);
});

test('a service without endpoints refuses; a port that it does not have is silent', async () => {
  const { node, client, directory } = await cluster();
  directory.add('empty', { clusterIP: '10.96.1.2', ports: [{ port: 80 }] }, []);
  expect(await node.exec(client, 'wget -qO- http://empty')).toEqual({
    text: "!wget: can't connect to remote host (10.96.1.2): Connection refused\n",
    code: 1,
  });
  expect(await node.exec(client, 'curl -sSm 3 http://web:81', 5)).toEqual({
    text: '!curl: (28) Connection timed out after 3000 milliseconds\n',
    code: 28,
  });
});

test('endpoints that end still serve when no other is ready (KEP-1669)', async () => {
  const { node, client, directory, address } = await cluster();
  directory.add('ending', { clusterIP: '10.96.1.3', ports: [{ port: 80 }] }, [
    { addresses: [address], conditions: { ready: false, serving: true, terminating: true } },
  ]);
  expect((await node.exec(client, 'curl -s http://ending')).code).toBe(0);
});

test('a pod whose DNS is not the cluster’s does not find services', async () => {
  const { node } = await cluster();
  const sandbox = node.sandbox({ name: 'default-dns', dns: { servers: ['8.8.8.8'], searches: [], options: [] } });
  const id = await node.start(sandbox, { script: 'sleep 100' });
  expect((await node.exec(id, 'nslookup web.default.svc.cluster.local')).code).toBe(1);
});

test('a node reaches pods by their address and services by theirs, and knows no names of the cluster', async () => {
  const { node, address } = await cluster();
  const request = { method: 'GET', path: '/', headers: {} };
  const ask = async (host: string, port: number) => (await (await node.runtime.dial(host, port)).http(request)).body;
  expect(await ask(address, 80)).toContain(`RemoteAddr: ${NODE_IP}:`);
  expect(await ask('10.96.1.1', 8080)).toContain('Hostname: web\n');
  expect(await ask(NODE_IP, 30_080)).toContain('Hostname: web\n');
  await expect(ask('web.default.svc.cluster.local', 8080)).rejects.toThrow('no such host');
  await expect(ask('192.0.2.1', 80)).rejects.toThrow('dial tcp 192.0.2.1:80: connect: no route to host');
  await expect(ask('127.0.0.1', 80)).rejects.toThrow('dial tcp 127.0.0.1:80: connect: connection refused');
});

const policy = (name: string, spec: NetworkPolicy['spec'], namespace = 'default'): Live<NetworkPolicy> => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: meta(name, namespace),
  spec,
});

test('a policy lets in whom it names, by pod label, namespace, network and port, and drops the rest', async () => {
  const { node, client, directory } = await cluster();
  const stranger = await node.start(node.sandbox({ name: 'stranger' }), { script: 'sleep 100000' });
  const neighbour = await node.start(node.sandbox({ name: 'neighbour', namespace: 'hello' }), { script: 'sleep 100000' });
  directory.rules.push(
    policy('networkpol-01', {
      podSelector: { matchLabels: { app: 'canary-nginx' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            { podSelector: { matchLabels: { name: 'busybox' } } },
            { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'hello' } } },
            { ipBlock: { cidr: '192.168.0.0/16', except: ['192.168.1.0/24'] } },
          ],
          ports: [{ port: 80 }],
        },
      ],
    }),
  );
  const reach = async (id: string) => (await node.exec(id, 'wget -T 2 -qO- http://web.default:8080 | grep -c Hostname', 4)).text;
  expect([await reach(client), await reach(neighbour)]).toEqual(['1\n', '1\n']);
  expect(await reach(stranger)).toBe('!wget: download timed out\n0\n');
});

test('an egress policy without DNS finds no names', async () => {
  const { node, client, directory, address } = await cluster();
  directory.rules.push(policy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] }));
  expect((await node.exec(client, 'nslookup web', 6)).code).toBe(1);
  expect((await node.exec(client, `curl -s http://${address}`)).code).toBe(0);
  directory.rules.push(policy('dns', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }] }));
  expect((await node.exec(client, 'nslookup web')).code).toBe(0);
});

test('a policy with nothing in it isolates its pods, but not from the node that probes them', async () => {
  const { node, client, directory, server, address } = await cluster();
  directory.rules.push(policy('deny', { podSelector: {}, policyTypes: ['Ingress'] }));
  expect((await node.exec(client, `curl -m 1 http://${address}`, 3)).code).toBe(28);
  expect((await node.runtime.connect(server, 80).http({ method: 'GET', path: '/', headers: {} })).status).toBe(200);
});

test('two containers of a pod cannot listen on one port: the second fails as it would', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  const first = await node.start(sandbox, { name: 'one', image: 'nginx' });
  const second = await node.start(sandbox, { name: 'two', image: 'nginx' });
  await node.pass(3);
  expect([node.state(first), node.state(second)]).toEqual(['running', 'Error 1']);
  expect(await node.log(second)).toContain('!nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)\n');
  const other = await node.start(node.sandbox({ name: 'other' }), { image: 'nginx' });
  expect(node.state(other)).toBe('running');
});

test('pods on the node’s network share its ports', async () => {
  const node = new TestRuntime();
  const onNode = (name: string) => node.sandbox({ name, namespaces: { network: 'node' } });
  const first = await node.start(onNode('a'), { image: 'nginx' });
  const second = await node.start(onNode('b'), { image: 'nginx' });
  await node.pass(3);
  expect([node.state(first), node.state(second)]).toEqual(['running', 'Error 1']);
});

test('containers of a pod reach each other on localhost', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { name: 'server', image: 'nginx' });
  const side = await node.start(sandbox, { name: 'side', script: 'sleep 100' });
  expect(await node.say(side, 'wget -qO- localhost | grep title')).toBe('<title>Welcome to nginx!</title>\n');
  expect((await node.exec(side, 'nc -z 127.0.0.1 81')).code).toBe(1);
});

test('a host port leads to its pod', async () => {
  const node = new TestRuntime();
  const sandbox = node.sandbox({ portMappings: [{ hostPort: 8088, containerPort: 80, protocol: 'TCP', hostIP: '' }] });
  await node.start(sandbox, { image: 'nginx' });
  const client = await node.start(node.sandbox({ name: 'client' }), { script: 'sleep 100' });
  expect(await node.say(client, `curl -s -o /dev/null -w '%{http_code}' http://${NODE_IP}:8088`)).toBe('200');
});

test('a script’s own servers: httpd, nc -l, nc -e', async () => {
  const node = new TestRuntime();
  const httpd = await node.start(node.sandbox({ name: 'httpd' }), {
    script: 'mkdir /www; echo hello > /www/index.html; httpd -f -p 8080 -h /www',
  });
  const shell = await node.start(node.sandbox({ name: 'shell' }), {
    script: 'while true; do printf "HTTP/1.1 200 OK\\r\\n\\r\\nfrom nc\\n" | nc -l -p 8080; done',
  });
  const echo = await node.start(node.sandbox({ name: 'echo' }), { script: 'nc -lk -p 7 -e cat' });
  const client = await node.start(node.sandbox({ name: 'client' }), { script: 'sleep 100' });
  expect(await node.say(client, 'wget -qO- 10.244.0.2:8080')).toBe('hello\n');
  for (let i = 0; i < 2; i++) expect(await node.say(client, 'wget -qO- 10.244.0.3:8080')).toBe('from nc\n');
  expect(await node.say(client, 'echo ping | nc 10.244.0.4 7')).toBe('ping\n');
  expect([httpd, shell, echo].map((id) => node.state(id))).toEqual(['running', 'running', 'running']);
});

test('when the API server is away the network passes on nothing that it would have to ask for', async () => {
  const { node, client, directory, address } = await cluster();
  directory.isDown = true;
  expect((await node.exec(client, 'nslookup web', 6)).code).toBe(1);
  expect((await node.exec(client, `curl -m 1 http://${address}`, 3)).code).toBe(28);
});

test('names have the records that DNS gives them: ports by name, services and endpoints by address', async () => {
  const { node, client, directory, address } = await cluster();
  directory.add('named', { clusterIP: '10.96.1.4', clusterIPs: ['10.96.1.4'], ports: [{ name: 'http', port: 8080 }] }, []);
  directory.add('db', { clusterIP: 'None', ports: [{ port: 80 }] }, [{ addresses: [address], hostname: 'db-0' }]);
  const zone = 'default.svc.cluster.local';
  const dig = (what: string) => node.say(client, `dig +noall +answer ${what}`);
  expect(await dig(`_http._tcp.named.${zone} SRV`)).toBe(`_http._tcp.named.${zone}.\t30\tIN\tSRV\t0 100 8080 named.${zone}.\n`);
  expect(await dig(`_dns._tcp.named.${zone} SRV`)).toBe('');
  expect(await dig(`db.${zone} SRV`)).toBe(`db.${zone}.\t30\tIN\tSRV\t0 100 80 db-0.db.${zone}.\n`);
  expect(await dig('-x 10.96.1.4')).toBe(`4.1.96.10.in-addr.arpa.\t30\tIN\tPTR\tnamed.${zone}.\n`);
  expect(await dig(`-x ${address}`)).toContain(`PTR\tdb-0.db.${zone}.\n`);
  expect(await node.say(client, 'nslookup 10.96.1.4')).toContain(`4.1.96.10.in-addr.arpa\tname = named.${zone}\n`);
  expect(await node.say(client, `dig named.${zone}`)).toContain('flags: qr aa rd; QUERY: 1, ANSWER: 1,');
  expect(await dig(`named.${zone} AAAA`)).toBe('');
});

test('policies go by the labels that a pod has now', async () => {
  const node = new TestRuntime({ directory: new FakeDirectory() });
  const directory = node.host.directory as FakeDirectory;
  const resources = { controlGroup: { path: '', cpuRequestMillis: 0 }, labels: { role: 'stranger' } };
  await node.start(node.sandbox({ name: 'server' }), { image: 'nginx' });
  const client = await node.start(node.sandbox({ name: 'client', labels: resources.labels, resources }), { script: 'sleep 100000' });
  const ingress = [{ from: [{ podSelector: { matchLabels: { role: 'friend' } } }] }];
  directory.rules.push(policy('friends', { podSelector: { matchExpressions: [{ key: 'role', operator: 'DoesNotExist' }] }, ingress }));
  const reach = async () => (await node.exec(client, 'curl -s -m 1 -o /dev/null http://10.244.0.2', 3)).code;
  expect(await reach()).toBe(28);
  resources.labels = { role: 'friend' };
  expect(await reach()).toBe(0);
});

test('UDP has ports of its own: a script may listen on one, and nobody on it refuses', async () => {
  const node = new TestRuntime();
  const server = await node.start(node.sandbox({ name: 'server' }), { script: 'nc -lu -p 7' });
  const client = await node.start(node.sandbox({ name: 'client' }), { script: 'sleep 100' });
  expect((await node.exec(client, 'echo hello | nc -u -w 1 10.244.0.2 7', 3)).code).toBe(0);
  expect(await node.log(server)).toBe('hello\n');
  expect(await node.exec(client, 'echo hello | nc -u -w 1 10.244.0.2 8')).toEqual({
    text: '!nc: 10.244.0.2 (10.244.0.2:8): Connection refused\n',
    code: 1,
  });
  expect((await node.exec(client, 'nc -z 10.244.0.2 7')).code).toBe(1);
});

test('a service of IPv6 is found by its name, and its name by its address', async () => {
  const { node, client, directory } = await cluster();
  directory.add('six', { clusterIP: 'fd00:96::7', clusterIPs: ['fd00:96::7'], ports: [{ port: 80 }] }, []);
  directory.add('both', { clusterIP: '10.96.1.8', clusterIPs: ['10.96.1.8', 'fd00:96::8'], ports: [{ port: 80 }] }, []);
  expect(await node.say(client, 'getent hosts six')).toBe('fd00:96::7      six.default.svc.cluster.local\n');
  expect(await node.say(client, 'nslookup both')).toContain(
    'Address: 10.96.1.8\nName:\tboth.default.svc.cluster.local\nAddress: fd00:96::8\n',
  );
  expect(await node.say(client, 'dig +short -x fd00:96::7')).toBe('six.default.svc.cluster.local.\n');
});

test('pods of an IPv6 range reach each other, and each says what its address is', async () => {
  const node = new TestRuntime({ directory: new FakeDirectory() });
  const network = { pool: new PodAddresses('fd00:10:244::/64') };
  const server = node.sandbox({ name: 'web', network });
  await node.start(server, { image: 'traefik/whoami', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] });
  const client = await node.start(node.sandbox({ name: 'client', network }), { script: 'sleep 100000' });
  expect(await node.say(client, 'curl -s "http://[fd00:10:244::2]/" | grep -E "^(IP: f|Host:|RemoteAddr:)"')).toBe(
    'IP: fd00:10:244::2\nRemoteAddr: [fd00:10:244::3]:40000\nHost: [fd00:10:244::2]\n',
  );
  expect(await node.say(client, 'ip addr | grep fd00; hostname -i')).toBe('    inet6 fd00:10:244::3/64 scope global\nfd00:10:244::3\n');
});

/** A server and a client with an address of each family, and a service of both. */
async function dualStack() {
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory, secondIp: 'fd00:172::2' });
  const network = { pool: new PodAddresses('10.244.7.0/24', 'fd00:7::/64') };
  const server = node.sandbox({ name: 'web', network, labels: { app: 'web' } });
  await node.start(server, { image: 'traefik/whoami', ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] });
  const client = node.sandbox({ name: 'client', network, domain: 'sub.default.svc.cluster.local' });
  directory.add('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1', 'fd00:96::1'], ports: [{ port: 80, nodePort: 30_080 }] }, [
    { addresses: ['10.244.7.2'] },
    { addresses: ['fd00:7::2'] },
  ]);
  return { directory, node, server, client: await node.start(client, { script: 'sleep 100000' }) };
}

test('a pod with two addresses is reached at both, comes from the one of the family, and is gone from both', async () => {
  const { node, server, client } = await dualStack();
  const from = async (host: string) => await node.say(client, `curl -s -m 1 http://${host}/ | grep RemoteAddr`);
  const [four, six] = ['RemoteAddr: 10.244.7.3:40000\n', 'RemoteAddr: [fd00:7::3]:40000\n'];
  expect([await from('10.244.7.2'), await from('10.96.1.1'), await from('web'), await from(`${NODE_IP}:30080`)]).toEqual(
    Array(4).fill(four),
  );
  const sixth = ['[fd00:7::2]', '[fd00:0007:0::0:2]', '[fd00:96::1]', '[fd00:172::2]:30080'];
  expect(await Promise.all(sixth.map(from))).toEqual(sixth.map(() => six));
  expect(await node.say(client, 'grep client /etc/hosts; hostname -i; ip addr | grep -c inet')).toBe(
    '10.244.7.3\tclient.sub.default.svc.cluster.local\tclient\nfd00:7::3\tclient.sub.default.svc.cluster.local\tclient\n10.244.7.3 fd00:7::3\n3\n',
  );
  expect((await node.exec(client, 'ping -c 1 fd00:7::3; ping -c 1 fd00:7::2')).code).toBe(0);
  node.runtime.stopPodSandbox(server);
  expect(node.host.network.size).toBe(1 + 1);
  expect((await node.exec(client, 'nc -z fd00:7::2 80')).code).toBe(1);
});

test('an address block of a policy is of one family, and says nothing of the other', async () => {
  const { node, client, directory } = await dualStack();
  const reaches = async (host: string) => (await node.exec(client, `curl -s -m 1 -o /dev/null http://${host}/`, 3)).code === 0;
  const from = (cidr: string) => [{ from: [{ ipBlock: { cidr } }] }];
  directory.rules.push(policy('block', { podSelector: { matchLabels: { app: 'web' } }, ingress: from('fd00:7::/64') }));
  expect([await reaches('10.244.7.2'), await reaches('[fd00:7::2]')]).toEqual([false, true]);
  directory.rules.splice(0, 1, policy('block', { podSelector: { matchLabels: { app: 'web' } }, ingress: from('10.244.7.3/32') }));
  expect([await reaches('10.244.7.2'), await reaches('[fd00:7::2]')]).toEqual([true, false]);
  const to = [{ to: [{ ipBlock: { cidr: 'fd00:7::2/128' } }] }];
  directory.rules.splice(0, 1, policy('out', { podSelector: {}, policyTypes: ['Egress'], egress: to }));
  expect([await reaches('10.244.7.2'), await reaches('[fd00:7::2]')]).toEqual([false, true]);
});

test('a headless service has an address of each family for a name, and one record of its port', async () => {
  const { node, client, directory } = await dualStack();
  directory.add('db', { clusterIP: 'None', ports: [{ port: 80 }] }, [
    { addresses: ['10.244.7.2'], hostname: 'db-0' },
    { addresses: ['fd00:7::2'], hostname: 'db-0' },
  ]);
  const zone = 'default.svc.cluster.local';
  const dig = (what: string) => node.say(client, `dig +short ${what}`);
  expect([await dig(`db-0.db.${zone}`), await dig(`db-0.db.${zone} AAAA`)]).toEqual(['10.244.7.2\n', 'fd00:7::2\n']);
  expect(await dig(`db.${zone} SRV`)).toBe(`0 100 80 db-0.db.${zone}.\n`);
});
