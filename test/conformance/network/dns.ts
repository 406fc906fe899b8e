import { expect, it } from 'vitest';
import { AGNHOST, agnhostPod, type World } from './world.ts';

const JESSIE = 'registry.k8s.io/e2e-test-images/jessie-dnsutils:1.7';

interface Names {
  /** Looked for with dig, over UDP and TCP. */
  readonly dig?: readonly string[];
  /** Looked for with getent. */
  readonly hosts?: readonly string[];
  /** An address whose name is looked for. */
  readonly address?: string | undefined;
}

/** Files that a probe writes, each when its name was found; the commands are upstream's (`dns_common.go`), which look again and again. */
function probe(prefix: string, { dig = [], hosts = [], address }: Names): { script: string; files: string[] } {
  const files: string[] = [];
  const note = (file: string) => {
    files.push(file);
    return `/results/${file}`;
  };
  const ask = (how: string, what: string, file: string) =>
    `check="$$(dig +${how} +noall +answer +search ${what})" && test -n "$$check" && echo OK > ${note(file)};`;
  const parts = dig.flatMap((name) => {
    const what = `${name} ${name.startsWith('_') ? 'SRV' : 'A'}`;
    return [ask('notcp', what, `${prefix}_udp@${name}`), ask('tcp', what, `${prefix}_tcp@${name}`)];
  });
  parts.push(...hosts.map((name) => `test -n "$$(getent hosts ${name})" && echo OK > ${note(`${prefix}_hosts@${name}`)};`));
  if (address !== undefined) {
    const reverse = `${address.split('.').reverse().join('.')}.in-addr.arpa. PTR`;
    parts.push(ask('notcp', reverse, `${prefix}_udp@PTR`), ask('tcp', reverse, `${prefix}_tcp@PTR`));
  }
  return { script: `for i in \`seq 1 600\`; do ${parts.join('')}sleep 1; done`, files };
}

/** A pod that probes from two images and serves what it found. */
function dnsPod(name: string, scripts: readonly [string, string], more: { labels?: object; hostname?: string; subdomain?: string } = {}) {
  const volumeMounts = [{ name: 'results', mountPath: '/results' }];
  const { hostname = 'dns-querier-1', subdomain = 'dns-test-service', labels } = more;
  const containers = [
    { name: 'webserver', image: AGNHOST, args: ['test-webserver'], volumeMounts },
    { name: 'agnhost-querier', image: AGNHOST, command: ['sh', '-c', scripts[0]], volumeMounts },
    { name: 'jessie-querier', image: JESSIE, command: ['sh', '-c', scripts[1]], volumeMounts },
  ];
  return { metadata: { name, labels }, spec: { hostname, subdomain, volumes: [{ name: 'results', emptyDir: {} }], containers } };
}

const read = async (w: World, ns: string, pod: string, file: string) => {
  const { status, text } = await w.ask('GET', `${ns}/pods/${pod}/proxy/results/${file}`);
  return status === 200 ? text : undefined;
};

async function finds(w: World, ns: string, names: Names, more: Parameters<typeof dnsPod>[2] = {}): Promise<void> {
  const probes = [probe('agnhost', names), probe('jessie', names)] as const;
  await w.pods(ns, dnsPod('dns-test', [probes[0].script, probes[1].script], more));
  for (const file of [...probes[0].files, ...probes[1].files])
    await w.until(file, async () => (await read(w, ns, 'dns-test', file)) === 'OK\n');
}

const service = (name: string, spec: object) => ({
  metadata: { name },
  spec: { ports: [{ port: 80, name: 'http', protocol: 'TCP' }], selector: { 'dns-test': 'true' }, ...spec },
});

export function dns(world: () => World): void {
  it.concurrent('pods find the services of the cluster, by whole names and by parts of them', async () => {
    const ns = await world().namespace('dns-cluster');
    await finds(world(), ns, { dig: ['kubernetes.default.svc.cluster.local', 'kubernetes.default', 'kubernetes.default.svc'] });
  });

  it.concurrent('a pod finds itself in its hosts file, by its host name and its whole name', async () => {
    const ns = await world().namespace('dns-hosts');
    await finds(world(), ns, { hosts: [`dns-querier-1.dns-test-service.${ns.split('/').at(-1)}.svc.cluster.local`, 'dns-querier-1'] });
  });

  it.concurrent('services have addresses, ports and names by their address: headless ones too, whole and in parts', async () => {
    const w = world();
    const ns = await w.namespace('dns-services');
    await w.create(`${ns}/services`, service('dns-test-service', { clusterIP: 'None' }));
    const { spec } = await w.create(`${ns}/services`, service('test-service-2', {}));
    const name = ns.split('/').at(-1);
    const dig = [
      `dns-test-service.${name}.svc.cluster.local`,
      `_http._tcp.dns-test-service.${name}.svc.cluster.local`,
      `_http._tcp.test-service-2.${name}.svc.cluster.local`,
      'dns-test-service',
      `dns-test-service.${name}`,
      `dns-test-service.${name}.svc`,
      `_http._tcp.dns-test-service.${name}.svc`,
      `_http._tcp.test-service-2.${name}.svc`,
    ];
    await finds(w, ns, { dig, address: spec.clusterIP }, { labels: { 'dns-test': 'true' } });
  });

  it.concurrent('a pod with host name and subdomain has a name in its headless service', async () => {
    const w = world();
    const ns = await w.namespace('dns-hostname');
    await w.create(`${ns}/services`, service('dns-test-service-2', { clusterIP: 'None' }));
    const subdomain = `dns-test-service-2.${ns.split('/').at(-1)}.svc.cluster.local`;
    const whole = `dns-querier-2.${subdomain}`;
    await finds(
      w,
      ns,
      { dig: [whole, subdomain], hosts: [whole, 'dns-querier-2'] },
      {
        labels: { 'dns-test': 'true' },
        hostname: 'dns-querier-2',
        subdomain: 'dns-test-service-2',
      },
    );
  });

  it.concurrent('an external name is an alias, which changes with the service, and gives way to an address', async () => {
    const w = world();
    const ns = await w.namespace('dns-external');
    const path = `${ns}/services/dns-test-service-3`;
    const whole = `dns-test-service-3.${ns.split('/').at(-1)}.svc.cluster.local`;
    await w.create(`${ns}/services`, {
      metadata: { name: 'dns-test-service-3' },
      spec: { type: 'ExternalName', externalName: 'foo.example.com' },
    });
    const says = async (pod: string, type: string, wanted: string) => {
      const script = (prefix: string) =>
        `for i in \`seq 1 30\`; do dig +short ${whole} ${type} > /results/${prefix}_udp@${whole}; sleep 1; done`;
      await w.pods(ns, dnsPod(pod, [script('agnhost'), script('jessie')]));
      for (const prefix of ['agnhost', 'jessie'])
        await w.until(`${prefix} to find ${wanted}`, async () => (await read(w, ns, pod, `${prefix}_udp@${whole}`)) === `${wanted}\n`);
    };
    await says('first', 'CNAME', 'foo.example.com.');
    await w.patch(path, { spec: { externalName: 'bar.example.com' } });
    await says('second', 'CNAME', 'bar.example.com.');
    const { spec } = await w.patch(path, { spec: { type: 'ClusterIP', ports: [{ port: 80, name: 'http', protocol: 'TCP' }] } });
    await says('third', 'A', spec.clusterIP);
  });

  it.concurrent('a pod’s own DNS configuration is what it sees', async () => {
    const w = world();
    const ns = await w.namespace('dns-config');
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'], options: [{ name: 'ndots', value: '2' }] };
    await w.pods(ns, agnhostPod('test-dns-nameservers', ['pause'], { spec: { dnsPolicy: 'None', dnsConfig } }));
    const say = async (...command: string[]) => (await w.exec(ns, 'test-dns-nameservers', command)).stdout;
    expect([await say('/agnhost', 'dns-suffix'), await say('/agnhost', 'dns-server-list')]).toEqual(['resolv.conf.local\n', '1.1.1.1\n']);
    expect(await say('cat', '/etc/resolv.conf')).toBe('search resolv.conf.local\nnameserver 1.1.1.1\noptions ndots:2\n');
  });

  it.concurrent('search paths may be as many and as long as they are allowed', async () => {
    const w = world();
    const ns = await w.namespace('dns-searches');
    const searches = Array.from({ length: 32 }, (_, i) => `${'a'.repeat(20)}${i}.local`);
    await w.pods(ns, agnhostPod('many', ['pause'], { spec: { dnsConfig: { nameservers: ['1.1.1.1'], searches: searches.slice(0, 29) } } }));
    expect((await w.exec(ns, 'many', ['/agnhost', 'dns-suffix'])).stdout.trim().split(',')).toEqual([
      `${ns.split('/').at(-1)}.svc.cluster.local`,
      'svc.cluster.local',
      'cluster.local',
      ...searches.slice(0, 29),
    ]);
  });
}
