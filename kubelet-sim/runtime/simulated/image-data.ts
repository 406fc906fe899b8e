import type { ImageEntry } from './image-catalog.ts';

const NGINX_INDEX = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page is served by a simulated nginx.</p>
</body>
</html>
`;

/** A base image: a shell and its tools, nothing that stays. */
const base = (repository: string, sizeBytes: number): ImageEntry => ({ repository, run: 'exit', args: 'exec', sizeBytes });

/** The images that people name most; what is not here stays and says nothing. */
export const IMAGES: readonly ImageEntry[] = [
  base('busybox', 2_223_686),
  base('alpine', 3_797_000),
  base('ubuntu', 29_720_000),
  base('debian', 48_480_000),
  base('centos', 83_500_000),
  base('rockylinux', 69_000_000),
  base('fedora', 60_000_000),
  base('bash', 6_500_000),
  base('perl', 340_000_000),
  { repository: 'python', run: 'exit', args: 'exec', binaries: ['python', 'python3'], sizeBytes: 360_000_000 },
  { repository: 'node', run: 'exit', args: 'exec', binaries: ['node', 'npm'], sizeBytes: 380_000_000 },
  base('golang', 290_000_000),
  base('buildpack-deps', 330_000_000),
  { repository: 'curlimages/curl', run: 'exit', args: 'exec', sizeBytes: 9_500_000 },
  { repository: 'bitnami/kubectl', run: 'exit', args: 'flags', sizeBytes: 120_000_000 },
  {
    repository: 'hello-world',
    run: ['echo', '\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n'],
    shell: false,
    sizeBytes: 10_072,
  },
  { repository: 'pause', run: 'server', shell: false, sizeBytes: 320_368 },
  {
    repository: 'nginx',
    run: 'server',
    args: 'exec',
    binaries: ['nginx', 'nginx-debug', '/docker-entrypoint.sh'],
    ports: [80],
    docroot: '/usr/share/nginx/html',
    log: [
      '/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration',
      '/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/',
      '/docker-entrypoint.sh: Configuration complete; ready for start up',
    ],
    env: { NGINX_VERSION: '1.29.1', PKG_RELEASE: '1~bookworm' },
    files: {
      '/usr/share/nginx/html/index.html': NGINX_INDEX,
      '/etc/nginx/nginx.conf': 'events {}\nhttp { server { listen 80; root /usr/share/nginx/html; } }\n',
    },
    sizeBytes: 72_319_283,
  },
  {
    repository: 'nginxinc/nginx-unprivileged',
    run: 'server',
    args: 'exec',
    binaries: ['nginx'],
    ports: [8080],
    docroot: '/usr/share/nginx/html',
    files: { '/usr/share/nginx/html/index.html': NGINX_INDEX },
    sizeBytes: 72_319_283,
  },
  {
    repository: 'httpd',
    run: 'server',
    args: 'exec',
    binaries: ['httpd', 'httpd-foreground', 'apachectl'],
    ports: [80],
    docroot: '/usr/local/apache2/htdocs',
    log: ["AH00094: Command line: 'httpd -D FOREGROUND'"],
    files: { '/usr/local/apache2/htdocs/index.html': '<html><body><h1>It works!</h1></body></html>\n' },
    sizeBytes: 57_900_000,
  },
  {
    repository: 'redis',
    run: 'server',
    args: 'exec',
    binaries: ['redis-server', 'redis-sentinel'],
    clients: { 'redis-cli': 'PONG\n' },
    ports: [6379],
    log: ['* Ready to accept connections tcp'],
    workingDir: '/data',
    sizeBytes: 51_000_000,
  },
  { repository: 'memcached', run: 'server', args: 'exec', binaries: ['memcached'], ports: [11211], sizeBytes: 31_000_000 },
  {
    repository: 'postgres',
    run: 'server',
    args: 'exec',
    binaries: ['postgres'],
    clients: { pg_isready: '/var/run/postgresql:5432 - accepting connections\n', psql: '' },
    ports: [5432],
    log: ['LOG:  database system is ready to accept connections'],
    sizeBytes: 152_000_000,
  },
  {
    repository: 'mysql',
    run: 'server',
    args: 'exec',
    binaries: ['mysqld'],
    clients: { mysqladmin: 'mysqld is alive\n', mysql: '' },
    ports: [3306],
    log: ['[Server] /usr/sbin/mysqld: ready for connections.'],
    sizeBytes: 236_000_000,
  },
  {
    repository: 'mariadb',
    run: 'server',
    args: 'exec',
    binaries: ['mariadbd', 'mysqld'],
    clients: { 'mariadb-admin': 'mysqld is alive\n', mysqladmin: 'mysqld is alive\n', mysql: '' },
    ports: [3306],
    log: ['[Note] mariadbd: ready for connections.'],
    sizeBytes: 120_000_000,
  },
  {
    repository: 'mongo',
    run: 'server',
    args: 'exec',
    binaries: ['mongod'],
    clients: { mongosh: '{ ok: 1 }\n', mongo: '{ ok: 1 }\n' },
    ports: [27017],
    sizeBytes: 280_000_000,
  },
  {
    repository: 'rabbitmq',
    run: 'server',
    args: 'exec',
    binaries: ['rabbitmq-server'],
    clients: { 'rabbitmq-diagnostics': 'Ping succeeded\n', rabbitmqctl: '' },
    ports: [5672],
    sizeBytes: 105_000_000,
  },
  { repository: 'traefik', run: 'server', ports: [80], sizeBytes: 48_000_000 },
  { repository: 'registry', run: 'server', ports: [5000], sizeBytes: 17_000_000 },
  { repository: 'whoami', run: 'server', shell: false, ports: [80], body: 'Hostname: simulated\n', sizeBytes: 2_900_000 },
  { repository: 'http-echo', run: 'server', shell: false, ports: [5678], body: 'hello-world\n', sizeBytes: 3_100_000 },
  { repository: 'echoserver', run: 'server', ports: [8080], sizeBytes: 45_000_000 },
  { repository: 'agnhost', run: 'server', ports: [], sizeBytes: 53_000_000 },
  { repository: 'hello-app', run: 'server', shell: false, ports: [8080], body: 'Hello, world!\nVersion: 1.0.0\n', sizeBytes: 11_000_000 },
  { repository: 'kubernetes-bootcamp', run: 'server', ports: [8080], body: 'Hello Kubernetes bootcamp! | v=1\n', sizeBytes: 83_000_000 },
];
