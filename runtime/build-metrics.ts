import { buildInfo, EMULATION_VERSION, MIN_COMPATIBILITY_VERSION } from './kubernetes-version.ts';
import type { Metrics } from './metrics.ts';

/** Tells which version of Kubernetes a process is. Upstream: component-base, `metrics/version.go`. */
export function tellBuild(metrics: Pick<Metrics, 'gauge'>): void {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = buildInfo();
  const labels = {
    build_date: buildDate,
    compiler,
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    git_version: gitVersion,
    go_version: goVersion,
    major,
    minor,
    platform,
  };
  const build = metrics.gauge({
    name: 'kubernetes_build_info',
    help: 'The version whose behaviour this is.',
    labels: Object.keys(labels),
  });
  build.set(1, labels);
  const version = metrics.gauge({
    name: 'version_info',
    help: 'The version that a process is, and those that it behaves like.',
    labels: ['component', 'binary', 'emulation', 'min_compat'],
  });
  version.set(1, { component: 'kube', binary: gitVersion.slice(1), emulation: EMULATION_VERSION, min_compat: MIN_COMPATIBILITY_VERSION });
}
