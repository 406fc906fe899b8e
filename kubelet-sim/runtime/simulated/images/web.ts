import type { ImageEntry } from '../image-catalog.ts';

const MIB = 1024 * 1024;

const NGINX_INDEX = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This page is served by a simulated nginx.</p>
</body>
</html>
`;

const NGINX_VERSION = '1.29.1';

const nginx: Omit<ImageEntry, 'repository'> = {
  run: 'server',
  args: 'exec',
  title: ['nginx: master process nginx -g daemon off;'],
  worker: { title: 'nginx: worker process', uid: 101 },
  binaries: ['nginx', 'nginx-debug', '/docker-entrypoint.sh'],
  ports: [80],
  docroot: '/usr/share/nginx/html',
  serverName: `nginx/${NGINX_VERSION}`,
  accessLog: true,
  configs: ['/etc/nginx'],
  account: 'nginx',
  log: [
    '/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration',
    '/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/',
    '/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh',
    '/docker-entrypoint.sh: Configuration complete; ready for start up',
  ],
  bindError: 'nginx: [emerg] bind() to 0.0.0.0:{{port}} failed (98: Address already in use)\nnginx: [emerg] still could not bind()',
  writes: [{ path: '/var/cache/nginx', message: 'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed ({{error}})' }],
  stopSignal: 'SIGQUIT',
  reaps: true,
  env: { NGINX_VERSION, NJS_VERSION: '0.9.1', PKG_RELEASE: '1~bookworm' },
  files: {
    '/usr/share/nginx/html/index.html': NGINX_INDEX,
    '/usr/share/nginx/html/50x.html':
      '<!DOCTYPE html>\n<html>\n<head>\n<title>Error</title>\n</head>\n<body>\n<h1>An error occurred.</h1>\n</body>\n</html>\n',
    '/etc/nginx/nginx.conf': 'user  nginx;\nevents {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n}\n',
    '/etc/nginx/conf.d/default.conf':
      'server {\n    listen       80;\n    location / {\n        root   /usr/share/nginx/html;\n        index  index.html index.htm;\n    }\n}\n',
  },
  versionsBefore: '1.60',
  sizeBytes: 72_319_283,
  memoryBytes: 6 * MIB,
};

/** Web servers and proxies. */
export const WEB: readonly ImageEntry[] = [
  { repository: 'nginx', ...nginx },
  { repository: 'nginx-slim', ...nginx, sizeBytes: 9_000_000, versionsBefore: '1.0' },
  {
    repository: 'openresty/openresty',
    ...nginx,
    docroot: '/usr/local/openresty/nginx/html',
    files: { '/usr/local/openresty/nginx/html/index.html': NGINX_INDEX },
  },
  {
    repository: 'nginxinc/nginx-unprivileged',
    ...nginx,
    ports: [8080],
    uid: 101,
    gid: 101,
    writes: [{ path: '/tmp', message: 'nginx: [emerg] mkdir() "/tmp/proxy_temp" failed ({{error}})' }],
  },
  {
    repository: 'bitnami/nginx',
    ...nginx,
    ports: [8080, 8443],
    uid: 1001,
    worker: { title: 'nginx: worker process', uid: 1001 },
    docroot: '/app',
    files: { '/app/index.html': NGINX_INDEX },
    writes: [],
  },
  {
    repository: 'nginxdemos/hello',
    ...nginx,
    docroot: '',
    body: 'Server address: {{ip}}:{{port}}\nServer name: {{hostname}}\nDate: {{time}}\nURI: {{url}}\n',
  },
  {
    repository: 'httpd',
    run: 'server',
    args: 'exec',
    title: ['httpd', '-DFOREGROUND'],
    binaries: ['httpd', 'httpd-foreground', 'apachectl'],
    ports: [80],
    docroot: '/usr/local/apache2/htdocs',
    serverName: 'Apache/2.4.65 (Unix)',
    accessLog: true,
    configs: ['/usr/local/apache2/conf'],
    bindError:
      '(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:{{port}}\nno listening sockets available, shutting down\nAH00015: Unable to open logs',
    writes: [{ path: '/usr/local/apache2/logs', message: '({{error}}): AH00099: could not create /usr/local/apache2/logs/httpd.pid' }],
    log: [
      "AH00558: httpd: Could not reliably determine the server's fully qualified domain name. Set the 'ServerName' directive globally to suppress this message",
      "AH00094: Command line: 'httpd -D FOREGROUND'",
    ],
    stopSignal: 'SIGWINCH',
    stopSignals: ['SIGWINCH', 'SIGTERM', 'SIGINT'],
    reaps: true,
    files: { '/usr/local/apache2/htdocs/index.html': '<html><body><h1>It works!</h1></body></html>\n' },
    sizeBytes: 57_900_000,
    memoryBytes: 8 * MIB,
  },
  {
    repository: 'caddy',
    run: 'server',
    args: 'exec',
    binaries: ['caddy'],
    ports: [80],
    docroot: '/usr/share/caddy',
    serverName: 'Caddy',
    base: 'alpine',
    configs: ['/etc/caddy'],
    files: { '/usr/share/caddy/index.html': '<h1>Caddy works!</h1>\n' },
    sizeBytes: 20_000_000,
  },
  {
    repository: 'haproxy',
    run: 'server',
    args: 'exec',
    program: 'haproxy',
    binaries: ['haproxy'],
    ports: [],
    configs: ['/usr/local/etc/haproxy'],
    stopSignal: 'SIGUSR1',
    stopSignals: ['SIGUSR1', 'SIGTERM', 'SIGINT'],
    sizeBytes: 42_000_000,
  },
  { repository: 'traefik', run: 'server', ports: [80], body: '404 page not found\n', base: 'alpine', sizeBytes: 48_000_000 },
  { repository: 'envoyproxy/envoy', run: 'server', args: 'exec', binaries: ['envoy'], ports: [10_000], sizeBytes: 58_000_000 },
  {
    repository: 'tomcat',
    run: 'server',
    args: 'exec',
    binaries: ['catalina.sh'],
    ports: [8080],
    stopCode: 143,
    log: ['INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [523] milliseconds'],
    sizeBytes: 190_000_000,
    memoryBytes: 90 * MIB,
  },
  {
    repository: 'wordpress',
    run: 'server',
    args: 'exec',
    binaries: ['apache2', 'apache2-foreground'],
    ports: [80],
    body: '<html><body>WordPress</body></html>\n',
    stopSignal: 'SIGWINCH',
    stopSignals: ['SIGWINCH', 'SIGTERM', 'SIGINT'],
    sizeBytes: 240_000_000,
  },
  { repository: 'ghost', run: 'server', args: 'exec', ports: [2368], sizeBytes: 190_000_000 },
  { repository: 'drupal', run: 'server', args: 'exec', ports: [80], sizeBytes: 190_000_000 },
  { repository: 'nextcloud', run: 'server', args: 'exec', ports: [80], sizeBytes: 420_000_000 },
  {
    repository: 'jenkins/jenkins',
    run: 'server',
    ports: [8080, 50_000],
    uid: 1000,
    stopCode: 143,
    sizeBytes: 290_000_000,
    memoryBytes: 300 * MIB,
  },
  {
    repository: 'grafana/grafana',
    run: 'server',
    ports: [3000],
    uid: 472,
    sizeBytes: 130_000_000,
    replies: [{ path: '/api/health', body: '{"database":"ok"}\n' }],
  },
  {
    repository: 'prom/prometheus',
    run: 'server',
    ports: [9090],
    uid: 65_534,
    replies: [
      { path: '/-/healthy', body: 'Prometheus Server is Healthy.\n' },
      { path: '/-/ready', body: 'Prometheus Server is Ready.\n' },
    ],
    sizeBytes: 110_000_000,
  },
  { repository: 'prom/alertmanager', run: 'server', ports: [9093], uid: 65_534, sizeBytes: 31_000_000 },
  { repository: 'node-exporter', run: 'server', shell: false, ports: [9100], uid: 65_534, sizeBytes: 12_000_000 },
  { repository: 'kube-state-metrics', run: 'server', shell: false, ports: [8080, 8081], uid: 65_534, sizeBytes: 14_000_000 },
  {
    repository: 'metrics-server',
    run: 'server',
    shell: false,
    ports: [10_250],
    tls: true,
    portFlags: ['secure-port'],
    uid: 65_534,
    sizeBytes: 22_000_000,
  },
  ...['ingress-nginx/controller', 'ingress-nginx/controller-chroot'].map(
    (repository): ImageEntry => ({
      repository,
      native: 'ingress-nginx',
      run: 'server',
      args: 'exec',
      title: ['/usr/bin/dumb-init', '--', '/nginx-ingress-controller'],
      binaries: ['nginx-ingress-controller', 'wait-shutdown', 'nginx'],
      base: 'alpine',
      account: 'www-data',
      uid: 101,
      gid: 82,
      sizeBytes: 117_000_000,
      memoryBytes: 90 * MIB,
    }),
  ),
  {
    repository: 'ingress-nginx/kube-webhook-certgen',
    native: 'kube-webhook-certgen',
    title: ['/kube-webhook-certgen'],
    binaries: ['/kube-webhook-certgen'],
    shell: false,
    uid: 65_532,
    gid: 65_532,
    sizeBytes: 28_000_000,
  },
  ...['coredns', 'coredns/coredns'].map(
    (repository): ImageEntry => ({
      repository,
      native: 'coredns',
      title: ['/coredns'],
      binaries: ['coredns', '/coredns'],
      shell: false,
      sizeBytes: 22_400_000,
    }),
  ),
  { repository: 'registry', run: 'server', ports: [5000], base: 'alpine', replies: [{ path: '/v2/', body: '{}' }], sizeBytes: 17_000_000 },
  {
    repository: 'minio/minio',
    run: 'server',
    ports: [9000, 9001],
    replies: [{ path: '/minio/health/*', status: 200 }],
    sizeBytes: 60_000_000,
  },
  { repository: 'fluentd', run: 'server', args: 'exec', ports: [24_224], protocol: 'tcp', sizeBytes: 40_000_000 },
  { repository: 'fluent/*', run: 'server', ports: [24_224], protocol: 'tcp', sizeBytes: 40_000_000 },
  { repository: 'fluentd-elasticsearch', run: 'server', ports: [24_224], protocol: 'tcp', sizeBytes: 60_000_000 },
];
