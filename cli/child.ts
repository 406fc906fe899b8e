// Entry of every process that `nanokube up` starts: loads its component at once, so that all load at the same time, and begins when the
// parent sends the arguments (the kubeconfig of a first start exists only once the API server is up). Ends when the parent is gone.
import { COMPONENTS, isComponent } from './components.ts';

/** What the parent sends to begin. */
export interface BeginMessage {
  readonly type: 'begin';
  readonly argv: readonly string[];
}

const [component] = process.argv.slice(2);
if (!isComponent(component)) throw new Error(`no such component: ${component}`);
const begin = new Promise<BeginMessage>((resolve) => process.once('message', (message) => resolve(message as BeginMessage)));
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
const loaded = await COMPONENTS[component].load();
await loaded.main((await begin).argv);
