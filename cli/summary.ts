import { join, relative } from 'node:path';
import type { Terminal } from './terminal.ts';

export interface SummaryFacts {
  readonly url: string;
  readonly directory: string;
  readonly nodes: number;
  readonly tookMs: number;
}

/** Says how to reach the cluster, with commands to paste; the last line is the one scripts wait for. */
export function printSummary(terminal: Terminal, { url, directory, nodes, tookMs }: SummaryFacts): void {
  const shown = relative(process.cwd(), directory);
  const base = shown === '' || shown.startsWith('..') ? directory : shown;
  const kubeconfig = join(base, 'admin.kubeconfig');
  const pki = join(base, 'pki');
  terminal.line();
  terminal.line(`${terminal.bold('Try it')}, in another terminal:`);
  terminal.line(`  export KUBECONFIG=${kubeconfig}`);
  terminal.line('  kubectl get nodes -o wide');
  terminal.line('  kubectl create deployment web --image=nginx --replicas=3');
  terminal.line('  kubectl get pods -w');
  terminal.line(`  curl --cacert ${pki}/ca.crt --cert ${pki}/admin.crt --key ${pki}/admin.key '${url}/api/v1/pods?watch=1'`);
  terminal.line(terminal.dim(`Logs are in ${join(base, 'logs')}; Ctrl-C stops everything.`));
  terminal.line();
  terminal.line(`nanokube is ready: ${url}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${(tookMs / 1000).toFixed(2)} s`);
}
