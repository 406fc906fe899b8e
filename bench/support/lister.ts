// A process of its own that reads lists of all pods and drops what it reads: what it computes is no part of what others measure.
//
//   fork(LISTER, [KUBECONFIG]); each message asks for one list, and is answered with how long it took, in milliseconds
import { request } from 'node:https';
import { loadKubeconfig } from '../../client/index.ts';

/** What is forked. */
export const LISTER = import.meta.filename;

const [kubeconfig] = process.argv.slice(2);
if (process.argv[1] === LISTER && kubeconfig !== undefined) {
  const { server, ca, cert, key } = loadKubeconfig(kubeconfig);
  process.on('message', () => {
    const begin = performance.now();
    const outgoing = request(`${server}/api/v1/pods?resourceVersion=0`, { ca, cert, key }, (response) => {
      if (response.statusCode !== 200) throw new Error(`a list was answered with ${response.statusCode}`);
      response.resume().once('end', () => process.send?.(performance.now() - begin));
    });
    outgoing.end();
  });
}
