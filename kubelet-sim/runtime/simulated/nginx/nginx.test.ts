import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { testAuthority } from '../../../../test/support/authority.ts';
import { FakeDirectory } from '../../../testing/fake-directory.ts';
import { type ContainerWish, mounted, TestRuntime } from '../../../testing/runtime-harness.ts';

const LONG = { image: 'busybox', script: 'sleep 100000' };

/** Files of a ConfigMap that may be changed. */
function configMap(data: Readonly<Record<string, string>>, mode = 0o644) {
  const filesOf = (texts: Readonly<Record<string, string>>) =>
    new Map(Object.entries(texts).map(([name, text]) => [name, { content: Buffer.from(text), mode }] as const));
  let files = filesOf(data);
  return {
    name: 'config',
    files: () => Promise.resolve(files),
    change: (texts: Readonly<Record<string, string>>) => {
      files = filesOf(texts);
    },
  };
}

/** A pod of nginx with a configuration, and one that asks it. */
async function serve(conf: string, wish: ContainerWish = {}, directory = new FakeDirectory()) {
  const node = new TestRuntime({ directory });
  const sandbox = node.sandbox();
  const volume = configMap({ 'default.conf': conf });
  const id = await node.start(sandbox, { image: 'nginx', mounts: [mounted(volume, '/etc/nginx/conf.d', { readOnly: true })], ...wish });
  const client = await node.start(node.sandbox({ name: 'client' }), LONG);
  const ip = node.runtime.podSandboxStatus(sandbox)?.ip ?? '';
  const ask = (path: string, options = '') => node.say(client, `curl -s ${options} http://${ip}${path}`, 3);
  return { node, sandbox, id, client, ip, ask, volume };
}

describe('a configuration over /etc/nginx', () => {
  test('is obeyed: ports, names, locations, headers and the log', async () => {
    const { node, id, client, ip, ask } = await serve(
      'server { listen 8081; server_name web; add_header X-Pod $hostname; location /hi { default_type text/plain; return 200 "hi $arg_who\\n"; } location /old { return 301 /hi; } }',
    );
    expect(await ask(':8081/hi?who=you', '-i')).toMatch(
      /^HTTP\/1\.1 200 OK\r\nServer: nginx\/1\.29\.1\r\nDate: [^\n]* GMT\r\nContent-Type: text\/plain\r\nContent-Length: 7\r\nConnection: keep-alive\r\nX-Pod: web\r\n\r\nhi you\n$/,
    );
    expect(await ask(':8081/old', "-o /dev/null -w '%{http_code}'")).toBe('301');
    expect((await node.exec(client, `nc -z ${ip} 80`)).code).toBe(1);
    expect(await node.log(id)).toMatch(
      /"GET \/hi\?who=you HTTP\/1\.1" 200 7 "-" "curl\/[\d.]+" "-"\n.*"GET \/old HTTP\/1\.1" 301 169 "-" "curl\/[\d.]+" "-"\n$/,
    );
    expect(await node.log(id)).toContain('info: can not modify /etc/nginx/conf.d/default.conf (read-only file system?)\n');
  });

  test('that is wrong ends the container, and its log says where', async () => {
    const { node, id } = await serve('server {\n  listen 80;\n  foo on;\n}\n');
    expect(node.state(id)).toBe('Error 1');
    expect(await node.log(id)).toMatch(
      /\n!2026\/01\/01 00:00:00 \[emerg\] 1#1: unknown directive "foo" in \/etc\/nginx\/conf\.d\/default\.conf:3\n!nginx: \[emerg\] unknown directive "foo" in \/etc\/nginx\/conf\.d\/default\.conf:3\n$/,
    );
  });

  test('names that are not there end it: host not found in upstream', async () => {
    const { node, id } = await serve('server {\n  location / {\n    proxy_pass http://backend:8080;\n  }\n}\n');
    expect(node.state(id)).toBe('Error 1');
    expect(await node.log(id)).toContain('!nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:3\n');
  });

  test('is read anew with a reload; one that is wrong leaves that of before', async () => {
    const { node, id, ask, volume } = await serve('server { return 200 one; }');
    expect(await ask('/')).toBe('one');
    volume.change({ 'default.conf': 'server { return 200 two; }' });
    expect(await ask('/')).toBe('one');
    expect(await node.exec(id, 'nginx -t')).toEqual({
      text: '!nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n',
      code: 0,
    });
    expect(await node.say(id, 'nginx -s reload')).toMatch(/^!2026\/.* \[notice\] \d+#\d+: signal process started\n$/);
    expect(await ask('/')).toBe('two');
    volume.change({ 'default.conf': 'server { retrn 200 three; }' });
    expect((await node.exec(id, 'nginx -t')).text).toMatch(/unknown directive "retrn".*\n.*nginx\.conf test failed\n$/s);
    await node.say(id, 'kill -HUP 1');
    expect(await ask('/')).toBe('two');
    expect(await node.log(id)).toContain('[emerg] 1#1: unknown directive "retrn" in /etc/nginx/conf.d/default.conf:1\n');
    expect(node.state(id)).toBe('running');
  });

  test('as templates: variables of the environment are put in', async () => {
    const node = new TestRuntime();
    const volume = configMap({
      'default.conf.template': 'server { listen $PORT; return 200 "$host $NAME"; }',
    });
    const environment = () => Promise.resolve(new Map(Object.entries({ PORT: '8080', NAME: 'shop' })));
    const id = await node.start(node.sandbox(), { image: 'nginx', environment, mounts: [mounted(volume, '/etc/nginx/templates')] });
    expect(await node.say(id, 'curl -s localhost:8080')).toBe('localhost shop');
    expect(await node.log(id)).toContain(
      '20-envsubst-on-templates.sh: Running envsubst on /etc/nginx/templates/default.conf.template to /etc/nginx/conf.d/default.conf\n',
    );
  });

  test('as a file alone: /etc/nginx/nginx.conf, with logs of its own', async () => {
    const node = new TestRuntime();
    const text =
      'events {}\nhttp { log_format j escape=json \'{"s":$status,"u":"$uri"}\'; access_log /dev/stdout j; server { listen 80; return 204; } }\n';
    const mounts = [mounted(configMap({ 'nginx.conf': text }), '/etc/nginx/nginx.conf', { subPath: 'nginx.conf' })];
    const id = await node.start(node.sandbox(), { image: 'nginx:1.25.3', mounts });
    expect(await node.say(id, 'curl -si localhost/x')).toMatch(/^HTTP\/1\.1 204 No Content\r\nServer: nginx\/1\.25\.3\r\n/);
    expect(await node.log(id)).toContain('{"s":204,"u":"/x"}\n');
  });
});

describe('a proxy', () => {
  const upstream = 'upstream app { server 10.96.1.1 weight=2; server 10.96.1.2 backup; }';

  test('passes on to Services, and says what it did not reach', async () => {
    const directory = new FakeDirectory();
    const node = new TestRuntime({ directory });
    const backend = node.sandbox({ name: 'backend' });
    await node.start(backend, { image: 'traefik/whoami' });
    const ip = node.runtime.podSandboxStatus(backend)?.ip ?? '';
    directory.add(
      'app',
      { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [{ port: 80 }] },
      [{ addresses: [ip], conditions: { ready: true } }],
      80,
    );
    const conf = `${upstream}\nserver { location / { proxy_pass http://app; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; } location /direct/ { proxy_pass http://app.default.svc.cluster.local/; } location /gone { proxy_pass http://127.0.0.1:9; } }`;
    const volume = configMap({ 'default.conf': conf });
    const id = await node.start(node.sandbox({ name: 'proxy' }), { image: 'nginx', mounts: [mounted(volume, '/etc/nginx/conf.d')] });
    expect(await node.say(id, 'curl -s localhost/a?b=1')).toMatch(
      /Hostname: backend\n[\s\S]*GET \/a\?b=1 HTTP\/1\.1\nHost: localhost\n[\s\S]*x-real-ip: 127\.0\.0\.1\n/,
    );
    expect(await node.say(id, 'curl -s localhost/direct/x')).toContain('GET /x HTTP/1.1\nHost: app.default.svc.cluster.local\n');
    expect(await node.say(id, 'curl -s localhost/gone')).toContain('<center><h1>502 Bad Gateway</h1></center>');
    expect(await node.log(id)).toMatch(
      /\[error\] 1#1: \*\d+ connect\(\) failed \(111: Connection refused\) while connecting to upstream, client: 127\.0\.0\.1, server: , request: "GET \/gone HTTP\/1\.1", upstream: "http:\/\/127\.0\.0\.1:9\/gone", host: "localhost"\n/,
    );
  });

  test('of TCP: a stream block', async () => {
    const node = new TestRuntime();
    const text = 'events {}\nstream { server { listen 6380; proxy_pass 127.0.0.1:6379; } }\n';
    const mounts = [mounted(configMap({ 'nginx.conf': text }), '/etc/nginx/nginx.conf', { subPath: 'nginx.conf' })];
    const sandbox = node.sandbox();
    const id = await node.start(sandbox, { image: 'nginx', mounts });
    await node.start(sandbox, { name: 'redis', image: 'redis' });
    expect(await node.say(id, "printf 'PING\\r\\n' | nc -w 1 localhost 6380", 3)).toBe('+PONG\r\n');
  });
});

test('certificates of a Secret are served over TLS; without them nginx does not start', async () => {
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-subj', '/CN=web', '-days', '30'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  ).toString();
  const conf =
    'server { listen 443 ssl; ssl_certificate /etc/tls/tls.crt; ssl_certificate_key /etc/tls/tls.key; return 200 "$scheme\\n"; }';
  const missing = await serve(conf);
  expect(await missing.node.log(missing.id)).toContain(
    'nginx: [emerg] cannot load certificate "/etc/tls/tls.crt": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory:calling fopen(/etc/tls/tls.crt, r) error:10000080:BIO routines::no such file)\n',
  );
  const secret = configMap({ 'tls.crt': pem, 'tls.key': pem });
  const mounts = [mounted(configMap({ 'default.conf': conf }), '/etc/nginx/conf.d'), mounted(secret, '/etc/tls')];
  const { node, id, ask, ip, client } = await serve(conf, { mounts });
  expect(node.state(id)).toBe('running');
  expect(await node.say(client, `curl -sk https://${ip}/`)).toBe('https\n');
  expect(await ask(':443/')).toContain('400 The plain HTTP request was sent to HTTPS port');
});

test('passwords of a file let users in', async () => {
  const conf =
    'server { location / { auth_basic "Shop"; auth_basic_user_file /etc/nginx/conf.d/users; try_files /index.html =404; root /usr/share/nginx/html; } }';
  const users = 'plain:{PLAIN}secret\nsha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\napr:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n';
  const { node, client, ip } = await serve('', { mounts: [mounted(configMap({ 'default.conf': conf, users }), '/etc/nginx/conf.d')] });
  const status = async (user: string) => await node.say(client, `curl -s -o /dev/null -w '%{http_code}' ${user} http://${ip}/`);
  expect(await status('')).toBe('401');
  for (const user of ['plain', 'sha', 'apr']) expect([user, await status(`-u ${user}:secret`)]).toEqual([user, '200']);
  expect(await status('-u plain:wrong')).toBe('401');
});

describe('nginx as its image has it', () => {
  test('says what it does when it starts and stops, and nothing is read until somebody asks', async () => {
    const node = new TestRuntime();
    const sandbox = node.sandbox();
    const id = await node.start(sandbox, { image: 'nginx', ports: [{ name: '', containerPort: 8080, protocol: 'TCP' }] });
    const connect = (port: number) => node.runtime.connect(sandbox, port).http({ method: 'HEAD', path: '/', headers: { host: 'web' } });
    expect((await connect(80)).head).toMatch(
      /^HTTP\/1\.1 200 OK\r\nServer: nginx\/1\.29\.1\r\nDate: .*\r\nContent-Type: text\/html\r\nContent-Length: 615\r\nLast-Modified: Wed, 13 Aug 2025 14:33:41 GMT\r\nConnection: keep-alive\r\nETag: "689ca245-267"\r\nAccept-Ranges: bytes\r\n$/,
    );
    expect(() => connect(8080)).toThrow('connection refused');
    await node.runtime.stopContainer(id, 30_000);
    expect(node.state(id)).toBe('Completed 0');
    const log = await node.log(id);
    expect(log).toMatch(/ready for start up\n.* \[notice\] 1#1: using the "epoll" event method\n.*: nginx\/1\.29\.1\n/);
    expect(log).toContain('[notice] 1#1: signal 3 (SIGQUIT) received, shutting down\n');
  });

  test('has other pages when somebody writes them, and another port by a script', async () => {
    const node = new TestRuntime();
    const id = await node.start(node.sandbox(), {
      image: 'nginx:alpine',
      script:
        "echo hello > /usr/share/nginx/html/index.html; sed -i 's/80;/8080;/' /etc/nginx/conf.d/default.conf; exec nginx -g 'daemon off;'",
    });
    expect(await node.say(id, 'wget -qO- localhost:8080')).toBe('hello\n');
    expect(await node.say(id, 'nginx -v')).toBe('!nginx version: nginx/1.29.1\n');
    void node.runtime.stopContainer(id, 30_000);
    await node.pass(1);
    expect(node.state(id)).toBe('Completed 0');
  });

  test('goes to the background without `daemon off`: its container ends', async () => {
    const node = new TestRuntime();
    const id = await node.start(node.sandbox(), { image: 'nginx', command: ['nginx'] });
    expect(node.state(id)).toBe('Completed 0');
  });

  test('on the node’s network a user who is not root does not get port 80', async () => {
    const node = new TestRuntime();
    const conf = configMap({ 'nginx.conf': 'pid /tmp/nginx.pid; events {}\nhttp { server { listen 80; } }\n' });
    const id = await node.start(node.sandbox({ namespaces: { network: 'node' } }), {
      image: 'nginxinc/nginx-unprivileged',
      mounts: [mounted(conf, '/etc/nginx/nginx.conf', { subPath: 'nginx.conf' })],
    });
    expect(await node.log(id)).toContain('nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)\n');
  });
});

test('a client shakes hands with the server whose name it gives', async () => {
  const authority = testAuthority();
  const pems = ['a.test', 'b.test'].map((name) => ({ name, ...authority.issue('server', [name]) }));
  const data = Object.fromEntries(
    pems.flatMap(({ name, cert, key }) => [
      [`${name}.crt`, cert],
      [`${name}.key`, key],
      [
        `${name}.conf`,
        `server { listen 443 ssl; server_name ${name}; ssl_certificate conf.d/${name}.crt; ssl_certificate_key conf.d/${name}.key; return 200 "${name}"; }`,
      ],
    ]),
  );
  const node = new TestRuntime();
  const sandbox = node.sandbox();
  await node.start(sandbox, { image: 'nginx', mounts: [mounted(configMap(data), '/etc/nginx/conf.d')] });
  const server = createServer((socket) => {
    const pipe = node.runtime.connect(sandbox, 443).pipe(socket, (chunk) => socket.write(chunk));
    pipe.then(
      () => socket.end(),
      () => socket.destroy(),
    );
  }).listen(0);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const get = (servername: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, ca: authority.ca, servername }, () => socket.write(`GET / HTTP/1.0\r\nHost: ${servername}\r\n\r\n`));
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('end', () => resolve(text.slice(text.indexOf('\r\n\r\n') + 4)));
      socket.on('error', reject);
    });
  try {
    expect([await get('a.test'), await get('b.test')]).toEqual(['a.test', 'b.test']);
  } finally {
    server.close();
  }
});

test('ps shows as many workers as the configuration says', async () => {
  const node = new TestRuntime();
  const conf = configMap({ 'nginx.conf': 'worker_processes 3; events {}\nhttp { server { listen 80; } }\n' });
  const id = await node.start(node.sandbox(), {
    image: 'nginx',
    mounts: [mounted(conf, '/etc/nginx/nginx.conf', { subPath: 'nginx.conf' })],
  });
  expect((await node.say(id, 'ps ax')).match(/nginx: worker process/g)).toHaveLength(3);
});
