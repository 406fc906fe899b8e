import type { ImageEntry } from '../image-catalog.ts';

const MIB = 1024 * 1024;

const WHOAMI_BODY =
  'Hostname: {{hostname}}\nIP: 127.0.0.1\nIP: {{ip}}\nRemoteAddr: {{peer}}\n{{method}} {{url}} HTTP/1.1\nHost: {{host}}\n{{headers}}\n';

const ECHO_BODY =
  '\n\nHostname: {{hostname}}\n\nPod Information:\n\tnode name:\t\n\tpod name:\t{{pod}}\n\tpod namespace:\t{{namespace}}\n\tpod IP:\t{{ip}}\n\nServer values:\n\tserver_version=nginx: 1.21.6 - lua: 10021\n\nRequest Information:\n\tclient_address={{client}}\n\tmethod={{method}}\n\treal path={{url}}\n\tquery={{query}}\n\trequest_version=1.1\n\trequest_uri=http://{{host}}:8080{{url}}\n\nRequest Headers:\n{{headers}}\nRequest Body:\n{{body}}\n';

const whoami: Omit<ImageEntry, 'repository'> = {
  run: 'server',
  shell: false,
  ports: [80],
  portFlags: ['port'],
  body: WHOAMI_BODY,
  replies: [
    { path: '/health' },
    {
      path: '/api',
      headers: { 'content-type': 'application/json' },
      body: '{"hostname":"{{hostname}}","ip":["127.0.0.1","{{ip}}"],"url":"{{url}}","host":"{{host}}","method":"{{method}}"}\n',
    },
  ],
  log: ['Starting up on port 80'],
  sizeBytes: 2_900_000,
  memoryBytes: 3 * MIB,
};

/** Ten seconds of health, then none: the server of the documentation's page on liveness probes. */
const LIVENESS: ImageEntry['replies'] = [
  { path: '/healthz', status: 500, body: 'error: 10.000000', afterMs: 10_000 },
  { path: '/healthz', body: 'ok' },
];

/** Commands of agnhost that are programs of our shell. */
const AGNHOST_TOOLS = [
  'connect',
  'dns-server-list',
  'dns-suffix',
  'entrypoint-tester',
  'etc-hosts',
  'grpc-health-checking',
  'guestbook',
  'liveness',
  'logs-generator',
  'mounttest',
  'netexec',
  'nettest',
  'no-snat-test',
  'no-snat-test-proxy',
  'port-forward-tester',
  'porter',
  'serve-hostname',
  'tcp-reset',
  'test-webserver',
] as const;

/** Pictures for the documentation's page on rolling updates: the page asks which one it shows. */
const picture = (name: string): ImageEntry => ({
  repository: name,
  run: 'server',
  ports: [80],
  docroot: '/html',
  files: { '/html/data.json': `{\n"image": "${name}.jpg"\n}\n`, '/html/index.html': `<html><body><img src="${name}.jpg"></body></html>\n` },
  sizeBytes: 49_000_000,
});

/** Tests look for this user and its group (test/images/agnhost/Dockerfile). */
const AGNHOST_USERS = 'root:x:0:0:root:/root:/bin/sh\nuser-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh\n';
const AGNHOST_GROUPS = 'root:x:0:\ngroup-defined-in-image:x:50000:user-defined-in-image\nuser-defined-in-image:x:1000:\n';

/** Images of documentation and tests. */
export const EXAMPLES: readonly ImageEntry[] = [
  {
    repository: 'agnhost',
    run: 'server',
    title: ['/agnhost'],
    binaries: ['agnhost', '/agnhost', 'agnhost-2', '/agnhost-2'],
    body: 'Usage:\n  app [command]\n',
    base: 'alpine',
    files: { '/etc/passwd': AGNHOST_USERS, '/etc/group': AGNHOST_GROUPS },
    log: ['Paused'],
    commands: {
      pause: { ports: [] },
      ...Object.fromEntries(AGNHOST_TOOLS.map((name) => [name, { run: 'tool' } as const])),
      webhook: { native: 'agnhost-webhook', log: [] },
      'crd-conversion-webhook': { native: 'agnhost-crd-conversion-webhook', log: [] },
      inclusterclient: { native: 'agnhost-inclusterclient', log: [] },
      'test-service-account-issuer-discovery': { native: 'agnhost-test-service-account-issuer-discovery', log: [] },
      'fake-gitserver': { ports: [8000] },
      'resource-consumer-controller': { native: 'agnhost-resource-consumer-controller', log: [] },
    },
    sizeBytes: 53_000_000,
  },
  ...['volume/nfs', 'e2e-test-images/volume/nfs', 'volume-nfs', 'nfs-server-alpine'].map(
    (repository): ImageEntry => ({
      repository,
      run: 'server',
      ports: [2049],
      protocol: 'tcp',
      exports: '/exports',
      files: { '/exports/index.html': 'Hello from NFS!\n' },
      log: ['Serving /exports', 'NFS started'],
      sizeBytes: 95_000_000,
    }),
  ),
  {
    repository: 'sig-storage/nfs-provisioner',
    native: 'nfs-provisioner',
    title: ['/nfs-server-provisioner'],
    exports: '/export',
    base: 'fedora',
    sizeBytes: 132_000_000,
  },
  picture('nautilus'),
  picture('kitten'),
  { repository: 'nonewprivs', run: 'tool', title: ['/nnp'], binaries: ['/nnp'], base: 'alpine', sizeBytes: 4_000_000 },
  { repository: 'nonroot', run: 'exit', uid: 1234, base: 'busybox', sizeBytes: 1_400_000 },
  {
    repository: 'resource-consumer',
    native: 'resource-consumer',
    title: ['/consumer'],
    binaries: ['/consumer', './consumer', 'consumer'],
    sizeBytes: 60_000_000,
  },
  { repository: 'sample-apiserver', native: 'sample-apiserver', title: ['/sample-apiserver'], sizeBytes: 25_000_000 },
  { repository: 'liveness', run: 'server', shell: false, ports: [8080], replies: LIVENESS, sizeBytes: 2_000_000 },
  { repository: 'serve_hostname', run: 'server', shell: false, ports: [9376], body: '{{hostname}}\n', sizeBytes: 2_000_000 },
  { repository: 'kubia', run: 'server', ports: [8080], body: "You've hit {{hostname}}\n", sizeBytes: 250_000_000 },
  { repository: 'luksa/kubia', run: 'server', ports: [8080], body: "You've hit {{hostname}}\n", sizeBytes: 250_000_000 },
  {
    repository: 'simpleservice',
    run: 'server',
    ports: [9876],
    replies: [
      { path: '/info', body: '{"host": "{{host}}", "version": "0.5.0", "from": "{{client}}"}' },
      { path: '/health', body: '{"healthy": true}' },
    ],
    sizeBytes: 270_000_000,
  },
  { repository: 'whoami', ...whoami },
  {
    repository: 'http-echo',
    run: 'server',
    shell: false,
    ports: [5678],
    portFlags: ['listen'],
    body: '{{option:text|hello-world}}\n',
    replies: [{ path: '/health', body: '{"status":"ok"}\n' }],
    sizeBytes: 3_100_000,
  },
  { repository: 'echoserver', run: 'server', ports: [8080], body: ECHO_BODY, sizeBytes: 45_000_000 },
  {
    repository: 'echo-server',
    run: 'server',
    ports: [8080],
    body: 'Request served by {{hostname}}\n\n{{method}} {{url}} HTTP/1.1\n\nHost: {{host}}\n{{headers}}\n{{body}}',
    sizeBytes: 6_000_000,
  },
  {
    repository: 'ealen/echo-server',
    run: 'server',
    ports: [80],
    body: '{"host":{"hostname":"{{host}}","ip":"{{client}}"},"http":{"method":"{{method}}","originalUrl":"{{url}}"},"environment":{"HOSTNAME":"{{hostname}}"}}',
    sizeBytes: 40_000_000,
  },
  {
    repository: 'http-https-echo',
    run: 'server',
    ports: [8080, 8443],
    body: '{"path":"{{path}}","method":"{{method}}","hostname":"{{host}}","os":{"hostname":"{{hostname}}"}}\n',
    sizeBytes: 60_000_000,
  },
  {
    repository: 'httpbin',
    run: 'server',
    ports: [80],
    replies: [
      { path: '/status/500', status: 500 },
      { path: '/status/503', status: 503 },
      { path: '/delay/1', delayMs: 1000 },
      { path: '/delay/5', delayMs: 5000 },
    ],
    body: '{"origin":"{{client}}","url":"http://{{host}}{{url}}"}\n',
    sizeBytes: 190_000_000,
  },
  {
    repository: 'hello-app',
    run: 'server',
    base: 'alpine',
    title: ['./hello-app'],
    ports: [8080],
    body: 'Hello, world!\nVersion: 1.0.0\nHostname: {{hostname}}\n',
    log: ['Server listening on port 8080'],
    tags: { '2*': { body: 'Hello, world!\nVersion: 2.0.0\nHostname: {{hostname}}\n' } },
    versionsBefore: '3',
    sizeBytes: 11_000_000,
  },
  { repository: 'node-hello', run: 'server', ports: [8080], body: 'Hello Kubernetes!', sizeBytes: 250_000_000 },
  {
    repository: 'hello-kubernetes',
    run: 'server',
    ports: [8080],
    body: '<html><body>Hello world! pod: {{pod}}</body></html>\n',
    sizeBytes: 45_000_000,
  },
  {
    repository: 'kubernetes-bootcamp',
    run: 'server',
    ports: [8080],
    body: 'Hello Kubernetes bootcamp! | Running on: {{hostname}} | v=1\n',
    log: ['Kubernetes Bootcamp App Started'],
    tags: { 'v2*': { body: 'Hello Kubernetes bootcamp! | Running on: {{hostname}} | v=2\n' } },
    versionsBefore: '3',
    sizeBytes: 83_000_000,
  },
  { repository: 'hpa-example', run: 'server', ports: [80], body: 'OK!', requestCpuMs: 70, sizeBytes: 180_000_000 },
  {
    repository: 'gb-frontend',
    run: 'server',
    ports: [80],
    body: '<html><head><title>Guestbook</title></head></html>\n',
    sizeBytes: 370_000_000,
  },
  {
    repository: 'podinfo',
    run: 'server',
    ports: [9898, 9999],
    portFlags: ['port'],
    replies: [
      { path: '/healthz', body: '{"status":"OK"}' },
      { path: '/readyz', body: '{"status":"OK"}' },
    ],
    body: '{"hostname":"{{hostname}}","message":"greetings from podinfo"}\n',
    sizeBytes: 30_000_000,
  },
  { repository: 'goproxy', run: 'server', shell: false, ports: [8080], protocol: 'tcp', sizeBytes: 5_000_000 },
  {
    repository: 'iperf3',
    run: 'server',
    args: 'exec',
    binaries: ['iperf3'],
    ports: [5201],
    protocol: 'tcp',
    log: [
      '-----------------------------------------------------------',
      'Server listening on 5201 (test #1)',
      '-----------------------------------------------------------',
    ],
    sizeBytes: 36_000_000,
  },
];
