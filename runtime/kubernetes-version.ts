/** The Kubernetes version whose behaviour this is; real clients parse it, so nothing of our own is in it. */
const MAJOR = '1';
const MINOR = '34';
export const GIT_VERSION = `v${MAJOR}.${MINOR}.9`;
/** What the API is that of; OpenAPI documents have this one. */
export const EMULATION_VERSION = `${MAJOR}.${MINOR}`;
/** The oldest that it can work together with. */
export const MIN_COMPATIBILITY_VERSION = `${MAJOR}.33`;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
const SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** How the binary was built, as the version of any of upstream's processes has it. */
export const buildInfo = () => ({
  major: MAJOR,
  minor: MINOR,
  gitVersion: GIT_VERSION,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.24.6',
  compiler: 'gc',
  platform: `${SYSTEMS[process.platform] ?? process.platform}/${ARCHITECTURES[process.arch] ?? process.arch}`,
});
