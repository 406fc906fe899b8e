import { errorLine } from './logs.ts';

/** Numbers that workers begin with: the entrypoint's scripts had those before. */
const FIRST_WORKER = 29;

/** What nginx says when it is up, as it is in the log. */
export const startLines = (now: number, version: string): readonly string[] =>
  startTexts(version).map((text) => errorLine(now, 1, 'notice', text).slice(0, -1));

/** What nginx says when it is up. */
export function startTexts(version: string): readonly string[] {
  return [
    'using the "epoll" event method',
    `nginx/${version}`,
    'built by gcc 12.2.0 (Debian 12.2.0-14+deb12u1) ',
    'OS: Linux 6.8.0',
    'getrlimit(RLIMIT_NOFILE): 1048576:1048576',
    'start worker processes',
    `start worker process ${FIRST_WORKER}`,
  ];
}
