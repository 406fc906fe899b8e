import type { ImageEntry } from '../image-catalog.ts';

const MIB = 1024 * 1024;

/** A base image: a shell and its tools, nothing that stays. */
const base = (repository: string, sizeBytes: number, distribution = 'debian', more: Partial<ImageEntry> = {}): ImageEntry => ({
  repository,
  run: 'exit',
  args: 'exec',
  title: ['sh'],
  sizeBytes,
  base: distribution,
  isDistribution: repository === distribution,
  ...more,
});

/** Distributions, languages and tool boxes: without a command they end at once, for their shell has no input. */
export const BASES: readonly ImageEntry[] = [
  base('busybox', 2_223_686, 'busybox', {
    tags: Object.fromEntries(['1.28*', '1.27*', '1.26*', '1.25*', '1.24*', '1.1*'].map((tag) => [tag, { tools: 'old-busybox' }])),
  }),
  base('busyboxplus', 4_000_000, 'busybox', { tools: 'old-busybox' }),
  base('alpine', 3_797_000, 'alpine'),
  base('ubuntu', 29_720_000, 'ubuntu'),
  base('debian', 48_480_000, 'debian'),
  base('centos', 76_097_157, 'centos'),
  base('rockylinux', 69_000_000, 'rocky', { isDistribution: true }),
  base('almalinux', 67_000_000, 'rocky'),
  base('fedora', 60_000_000, 'fedora'),
  base('oraclelinux', 62_000_000, 'oracle', { isDistribution: true }),
  base('amazonlinux', 52_000_000, 'fedora'),
  base('bash', 6_500_000, 'alpine'),
  base('perl', 340_000_000),
  base('golang', 290_000_000),
  base('buildpack-deps', 330_000_000),
  base('openjdk', 240_000_000, 'debian', { binaries: ['java'] }),
  base('eclipse-temurin', 230_000_000, 'ubuntu', { binaries: ['java'] }),
  base('python', 360_000_000, 'debian', { binaries: ['python', 'python3', 'gunicorn', 'uvicorn', 'flask'] }),
  base('node', 380_000_000, 'debian', { program: 'node', binaries: ['node', 'npm', 'npx', 'yarn'], ports: [], account: 'node' }),
  base('ruby', 350_000_000, 'debian', { binaries: ['ruby', 'bundle', 'rails'] }),
  base('php', 170_000_000, 'debian', { program: 'php', binaries: ['php', 'php-fpm'] }),
  base('curlimages/curl', 9_500_000, 'alpine', { uid: 100, gid: 101, username: 'curl_user', account: 'curl_user', program: 'curl' }),
  base('alpine/curl', 6_000_000, 'alpine', { program: 'curl' }),
  base('bitnami/kubectl', 120_000_000, 'debian', { args: 'flags', uid: 1001 }),
  base('alpine/git', 16_000_000, 'alpine', { args: 'flags' }),
  base('nicolaka/netshoot', 190_000_000, 'alpine', { tools: 'gnu' }),
  base('praqma/network-multitool', 40_000_000, 'alpine', { tools: 'gnu', run: 'server', ports: [80] }),
  base('jessie-dnsutils', 82_000_000, 'debian', { run: ['sleep', 'infinity'] }),
  base('dnsutils', 82_000_000, 'debian', { run: ['sleep', 'infinity'] }),
  {
    repository: 'hello-world',
    run: ['echo', '\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n'],
    shell: false,
    sizeBytes: 10_072,
    title: ['/hello'],
  },
  {
    repository: 'pause',
    run: 'server',
    shell: false,
    title: ['/pause'],
    sizeBytes: 320_368,
    reaps: true,
    uid: 65_535,
    memoryBytes: MIB / 2,
  },
  {
    repository: 'polinux/stress',
    run: 'exit',
    args: 'exec',
    binaries: ['stress'],
    base: 'alpine',
    loadFlags: { memoryBytes: ['vm-bytes'], cpuMillis: ['cpu', 'c'] },
    log: ['stress: info: [1] dispatching hogs'],
    sizeBytes: 4_000_000,
  },
  {
    repository: 'vish/stress',
    run: 'server',
    shell: false,
    loadFlags: { memoryBytes: ['mem-total'], cpuMillis: ['cpus'] },
    sizeBytes: 1_500_000,
  },
];
