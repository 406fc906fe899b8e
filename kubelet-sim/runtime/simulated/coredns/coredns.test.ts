import { describe, expect, test } from 'vitest';
import type { Live, NetworkPolicy } from '../../../../api/index.ts';
import { FakeDirectory, meta } from '../../../testing/fake-directory.ts';
import { mounted, TestRuntime } from '../../../testing/runtime-harness.ts';
import { blockFor, parseCorefile } from './corefile.ts';

const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    prometheus :9153
    reload
}
`;
const WEB = 'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.1.1\n\n';
const TIMED_OUT = ';; communications error to 10.96.0.10#53: timed out\n';
const NO_SERVER = ';; connection timed out; no servers could be reached\n\n';

/** A cluster with a pod of CoreDNS behind the Service of DNS, a Service `web`, and a client. */
async function cluster({ corefile = COREFILE, ready = true }: { corefile?: string; ready?: boolean } = {}) {
  const directory = new FakeDirectory();
  const node = new TestRuntime({ directory });
  const sandbox = node.sandbox({ name: 'coredns', labels: { 'k8s-app': 'kube-dns' } });
  const config = { files: new Map([['Corefile', { content: Buffer.from(corefile), mode: 0o644 }]]) };
  const volume = { name: 'config-volume', files: () => Promise.resolve(config.files) };
  const dns = await node.start(sandbox, {
    image: 'registry.k8s.io/coredns/coredns:v1.12.1',
    args: ['-conf', '/etc/coredns/Corefile'],
    mounts: [mounted(volume, '/etc/coredns', { readOnly: true })],
    ports: [{ name: 'dns', containerPort: 53, protocol: 'UDP' }],
  });
  const ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  const service = { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ port: 53, protocol: 'UDP' }] };
  directory.add('kube-dns', service, [{ addresses: [ip], conditions: { ready } }], 53);
  directory.add('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [{ port: 80 }] }, []);
  const client = await node.start(node.sandbox({ name: 'client' }), { script: 'sleep 100000' });
  const reconfigure = (text: string) => {
    config.files = new Map([['Corefile', { content: Buffer.from(text), mode: 0o644 }]]);
  };
  return { directory, node, dns, client, ip, reconfigure };
}

const served = async () => {
  const { node, directory } = await cluster();
  return { node, rules: directory.rules };
};

const denyEgress: Live<NetworkPolicy> = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: meta('deny'),
  spec: { podSelector: {}, policyTypes: ['Egress'] },
};

describe('CoreDNS in pods', () => {
  test('says in its log what it serves, and answers for the Service of DNS', async () => {
    const { node, dns, client } = await cluster();
    expect(await node.log(dns)).toMatch(
      /^\.:53\n\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}\nCoreDNS-1\.12\.1\nlinux\/amd64, go1\.24\.1, 707c7c1\n$/,
    );
    expect(await node.say(client, 'nslookup web')).toBe(WEB);
  });

  test('is asked by its own address too, and serves health, readiness and metrics', async () => {
    const { node, client, ip } = await cluster();
    expect(await node.say(client, `nslookup web ${ip}`)).toContain(`Server:\t\t${ip}\nAddress:\t${ip}:53\n\nName:\tweb.default`);
    expect(await node.say(client, `wget -qO- http://${ip}:8080/health; wget -qO- http://${ip}:8181/ready`)).toBe('OKOK');
    expect(await node.say(client, `wget -qO- http://${ip}:9153/metrics | grep 'requests_total{.*type="A"'`)).toMatch(/zone="\."} 1\n$/);
  });

  test('a Service of DNS without ready pods: names are not resolved, and the tools say so', async () => {
    const { node, client } = await cluster({ ready: false });
    expect(await node.exec(client, 'nslookup web', 6)).toEqual({
      text: `!nslookup: write to '10.96.0.10': Connection refused\n${NO_SERVER}`,
      code: 1,
    });
    expect(await node.exec(client, 'wget -qO- http://web')).toEqual({ text: "!wget: bad address 'web'\n", code: 1 });
  });

  test('the plugin log writes a line for each question, from when the Corefile has it on', async () => {
    const { node, dns, client, reconfigure } = await cluster();
    await node.say(client, 'dig web.default.svc.cluster.local');
    expect(await node.log(dns)).not.toContain('IN web');
    reconfigure(COREFILE.replace('errors', 'errors\n    log'));
    await node.say(client, 'dig web.default.svc.cluster.local');
    expect(await node.log(dns)).toMatch(
      /\[INFO\] Reloading\n.*SHA512.*\n\[INFO\] Reloading complete\n\[INFO\] 10\.244\.0\.\d+:40000 - \d+ "A IN web\.default\.svc\.cluster\.local\. udp 47 false 512" NOERROR qr,aa,rd 92 /,
    );
    reconfigure(COREFILE.replace('errors', 'erors'));
    expect((await node.exec(client, 'nslookup web')).code).toBe(0);
    expect(await node.log(dns)).toContain(
      "[ERROR] Restart failed: /etc/coredns/Corefile:2 - Error during parsing: Unknown directive 'erors'\n",
    );
  });

  test('does not start with a Corefile that is wrong, and knows only the zones that its Corefile gives it', async () => {
    const wrong = await cluster({ corefile: COREFILE.replace('ready', 'redy') });
    expect(wrong.node.state(wrong.dns)).toBe('Error 1');
    expect(await wrong.node.log(wrong.dns)).toContain("Corefile:6 - Error during parsing: Unknown directive 'redy'");
    const other = await cluster({ corefile: COREFILE.replace('kubernetes cluster.local', 'kubernetes other.local') });
    expect((await other.node.exec(other.client, 'nslookup web')).text).toContain("** server can't find web: NXDOMAIN");
  });

  test('ends after its lame duck time', async () => {
    const { node, dns } = await cluster();
    const stopped = node.runtime.stopContainer(dns, 30_000);
    await node.pass(4);
    expect(node.state(dns)).toBe('running');
    await node.pass(2);
    await stopped;
    expect(node.state(dns)).toBe('Completed 0');
    expect(await node.log(dns)).toContain('[INFO] plugin/health: Going into lameduck mode for 5s\n');
  });
});

describe('a policy that drops questions', () => {
  test.each([
    ['busybox', 'nslookup web', 6, { text: NO_SERVER, code: 1 }],
    ['nicolaka/netshoot', 'nslookup -timeout=1 web', 4, { text: `${TIMED_OUT.repeat(3)};; no servers could be reached\n\n`, code: 1 }],
    ['nicolaka/netshoot', 'dig +short +time=1 +tries=1 web', 2, { text: `${TIMED_OUT};; no servers could be reached\n`, code: 9 }],
    [
      'busybox:1.28',
      'nslookup web',
      11,
      { text: "Server:    10.96.0.10\nAddress 1: 10.96.0.10\n\n!nslookup: can't resolve 'web'\n", code: 1 },
    ],
    ['busybox', 'wget -qO- -T 2 http://web', 11, { text: "!wget: bad address 'web'\n", code: 1 }],
    ['busybox', 'ping -c 1 web', 11, { text: "!ping: bad address 'web'\n", code: 1 }],
    ['nicolaka/netshoot', 'curl -sS -m 2 http://web', 3, { text: '!curl: (28) Resolving timed out after 2000 milliseconds\n', code: 28 }],
    ['nicolaka/netshoot', 'curl -sS http://web', 11, { text: '!curl: (6) Could not resolve host: web\n', code: 6 }],
  ])('is told of by %s: %s', async (image, command, seconds, answer) => {
    const directory = new FakeDirectory();
    for (const { node, rules } of [{ node: new TestRuntime({ directory }), rules: directory.rules }, await served()]) {
      rules.push(denyEgress);
      const client = await node.start(node.sandbox({ name: 'asker' }), { image, command: ['sleep', '100000'] });
      expect(await node.exec(client, command, seconds)).toEqual(answer);
    }
  });
});

test('a Corefile of several blocks: the longest zone answers', () => {
  const blocks = parseCorefile('.:53 {\n cache 30\n}\nconsul.local:53, x.org { # stub\n forward . 10.150.0.1\n}\n', 'Corefile');
  expect(blockFor(blocks, 'a.consul.local', 53)?.plugins[0]?.name).toBe('forward');
  expect(blockFor(blocks, 'web.default.svc.cluster.local', 53)?.plugins[0]?.name).toBe('cache');
  expect(blockFor(blocks, 'web', 5353)).toBeUndefined();
  expect(() => parseCorefile('. {\n cache', 'Corefile')).toThrow('Corefile:2 - Error during parsing: Unexpected EOF');
});
