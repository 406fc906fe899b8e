import type { ImageEntry } from '../image-catalog.ts';

const MIB = 1024 * 1024;

const WHOAMI_BODY =
  'Hostname: {{hostname}}\nIP: 127.0.0.1\nIP: {{ip}}\nRemoteAddr: {{client}}:40000\n{{method}} {{url}} HTTP/1.1\nHost: {{host}}\n{{headers}}\n';

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

const NETEXEC: ImageEntry['replies'] = [
  { path: '/hostname', body: '{{hostname}}' },
  { path: '/hostName', body: '{{hostname}}' },
  { path: '/clientip', body: '{{client}}:40000' },
  { path: '/echo', body: '{{parameter:msg}}' },
  { path: '/healthz' },
  { path: '/header', body: '{{headers}}' },
  { path: '/exit', exitCode: 0 },
];

/** Ten seconds of health, then none: the server of the documentation's page on liveness probes. */
const LIVENESS: ImageEntry['replies'] = [
  { path: '/healthz', status: 500, body: 'error: 10.000000', afterMs: 10_000 },
  { path: '/healthz', body: 'ok' },
];

/** Images of documentation and tests. */
export const EXAMPLES: readonly ImageEntry[] = [
  {
    repository: 'agnhost',
    run: 'server',
    title: ['/agnhost'],
    binaries: ['agnhost', '/agnhost'],
    body: 'Usage:\n  app [command]\n',
    base: 'alpine',
    log: ['Paused'],
    commands: {
      netexec: {
        ports: [8080],
        portFlags: ['http-port'],
        replies: NETEXEC,
        body: 'NOW: {{time}}',
        log: ['Started HTTP server on port 8080', 'Started UDP server on port  8081'],
      },
      'serve-hostname': { ports: [9376], portFlags: ['port'], body: '{{hostname}}', log: ['Serving on port 9376.'] },
      pause: { ports: [] },
      liveness: { ports: [8080], replies: LIVENESS, body: '{{url}}', log: [] },
      'test-webserver': { ports: [80], portFlags: ['port'], body: '{{url}}' },
      'no-snat-test': { ports: [8080], portFlags: ['port'] },
      nettest: { ports: [8080], portFlags: ['port'] },
      'grpc-health-checking': { ports: [5000], portFlags: ['port'], protocol: 'grpc' },
      porter: { ports: [80], body: '{{hostname}}' },
      guestbook: { ports: [3000], portFlags: ['http-port'] },
      webhook: { ports: [443], portFlags: ['port'], tls: true },
      'fake-gitserver': { ports: [8000] },
      'resource-consumer-controller': { ports: [8080], portFlags: ['port'] },
    },
    sizeBytes: 53_000_000,
  },
  { repository: 'liveness', run: 'server', shell: false, ports: [8080], replies: LIVENESS, sizeBytes: 2_000_000 },
  { repository: 'serve_hostname', run: 'server', shell: false, ports: [9376], body: '{{hostname}}\n', sizeBytes: 2_000_000 },
  { repository: 'kubia', run: 'server', ports: [8080], body: "You've hit {{hostname}}\n", sizeBytes: 250_000_000 },
  { repository: 'luksa/kubia', run: 'server', ports: [8080], body: "You've hit {{hostname}}\n", sizeBytes: 250_000_000 },
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
    shell: false,
    ports: [8080],
    body: 'Hello, world!\nVersion: 1.0.0\nHostname: {{hostname}}\n',
    log: ['Server listening on port 8080'],
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
    sizeBytes: 83_000_000,
  },
  { repository: 'hpa-example', run: 'server', ports: [80], body: 'OK!', sizeBytes: 180_000_000 },
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
