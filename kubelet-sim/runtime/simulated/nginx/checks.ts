// What nginx says of the arguments of single directives as it reads them (`set` functions of `ngx_command_t`).

import { parseCondition, patternAt } from './conditions.ts';
import { wrongAt } from './config-error.ts';
import type { ArgumentKind } from './directives.ts';
import { parseListen } from './listen.ts';
import type { Directive, Scope } from './scope.ts';
import { parseSize, parseTime } from './units.ts';

type Check = (directive: Directive, scope: Scope) => void;

/** Kinds of which a block has one at most. */
const SINGLE: ReadonlySet<ArgumentKind> = new Set(['flag', 'size', 'msec', 'sec', 'num', 'str', 'enum']);

/** Others of which a block has one at most. */
const SINGLE_NAMES: ReadonlySet<string> = new Set(
  'alias auth_basic auth_basic_user_file charset events expires http keepalive_timeout limit_rate proxy_pass resolver root ssl_certificate_key user worker_connections worker_processes types try_files'.split(
    ' ',
  ),
);

/** Values of directives that take one of a few words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  autoindex_format: ['html', 'json', 'jsonp', 'xml'],
  gzip_http_version: ['1.0', '1.1'],
  if_modified_since: ['off', 'exact', 'before'],
  limit_req_log_level: ['info', 'notice', 'warn', 'error'],
  proxy_http_version: ['1.0', '1.1'],
  satisfy: ['all', 'any'],
  server_tokens: ['on', 'off', 'build'],
  ssl_verify_client: ['on', 'off', 'optional', 'optional_no_ca'],
};

/** Directives of any of several words. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  ssl_protocols: ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  proxy_next_upstream:
    'error timeout invalid_header non_idempotent http_500 http_502 http_503 http_504 http_403 http_404 http_429 updating off'.split(' '),
};

const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg']);

/** Checks the arguments of a directive that is to be added to a block. @throws ConfigError */
export function checkArguments(directive: Directive, kind: ArgumentKind, scope: Scope): void {
  const { name, args } = directive;
  if ((SINGLE.has(kind) || SINGLE_NAMES.has(name)) && scope.own(name).length > 0) throw duplicate(directive);
  KINDS[kind]?.(directive, scope);
  const words = WORDS[name];
  const set = SETS[name];
  const wrong = words ? args.find((arg) => !words.includes(arg)) : set ? args.find((arg) => !set.includes(arg)) : undefined;
  if (wrong !== undefined) throw wrongAt(directive, `invalid value "${wrong}"`);
  CHECKS[name]?.(directive, scope);
}

export const duplicate = (directive: Directive): Error => wrongAt(directive, `"${directive.name}" directive is duplicate`);

const unless = (isRight: (text: string) => boolean, what: (directive: Directive) => string): Check => {
  return (directive) => {
    if (!isRight(directive.args[0] ?? '')) throw wrongAt(directive, what(directive));
  };
};

const invalidValue = ({ name }: Directive): string => `"${name}" directive invalid value`;
const isTime = (text: string): boolean => parseTime(text) !== undefined;

const KINDS: Readonly<Partial<Record<ArgumentKind, Check>>> = {
  flag: unless(
    (text) => /^(?:on|off)$/i.test(text),
    ({ name, args }) => `invalid value "${args[0]}" in "${name}" directive, it must be "on" or "off"`,
  ),
  size: unless((text) => parseSize(text) !== undefined, invalidValue),
  msec: unless(isTime, invalidValue),
  sec: unless(isTime, invalidValue),
  num: unless(
    (text) => /^\d+$/.test(text),
    () => 'invalid number',
  ),
};

const PARAMETER_OF_SERVER =
  /^(?:(?:weight|max_conns)=[1-9]\d*|max_conns=0|max_fails=\d+|fail_timeout=\d+\w*|backup|down|resolve|slow_start=\w+|service=\S+)$/;

const nameCheck: Check = (directive) => {
  if (!/^\$./.test(directive.args[0] ?? '')) throw wrongAt(directive, `invalid variable name "${directive.args[0]}"`);
};

const invalidParameter = (directive: Directive, parameter: string): Error => wrongAt(directive, `invalid parameter "${parameter}"`);

const root: Check = (directive, scope) => {
  const other = directive.name === 'root' ? 'alias' : 'root';
  if (scope.own(other).length > 0)
    throw wrongAt(directive, `"${directive.name}" directive is duplicate, "${other}" directive was specified earlier`);
};

const ADDRESS = /^(?:all|unix:|\d+\.\d+\.\d+\.\d+(?:\/\d+)?|[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d+)?)$/i;

const access: Check = (directive) => {
  const [address = ''] = directive.args;
  if (!ADDRESS.test(address)) throw invalidParameter(directive, address);
};

const returns: Check = (directive) => {
  const [code = '', ...texts] = directive.args;
  if (directive.args.length === 1 && /^(?:https?:\/\/|\$)/.test(code)) return;
  if (!/^\d{1,3}$/.test(code) || (texts.length > 0 && Number(code) > 999)) throw wrongAt(directive, `invalid return code "${code}"`);
};

const rewrite: Check = (directive) => {
  const [pattern = '', , flag] = directive.args;
  patternAt(pattern, directive);
  if (flag !== undefined && !['last', 'break', 'redirect', 'permanent'].includes(flag)) throw invalidParameter(directive, flag);
};

const errorPage: Check = (directive) => {
  const codes = directive.args.slice(0, -1).filter((arg) => !arg.startsWith('='));
  for (const code of codes) {
    if (!/^\d+$/.test(code)) throw wrongAt(directive, `invalid value "${code}"`);
    if (Number(code) < 300 || Number(code) > 599) throw wrongAt(directive, `value "${code}" must be between 300 and 599`);
  }
};

const upstreamServer: Check = (directive) => {
  const [address = '', ...parameters] = directive.args;
  const wrong = parameters.find((one) => !PARAMETER_OF_SERVER.test(one));
  if (wrong !== undefined) throw invalidParameter(directive, wrong);
  if (address.startsWith('unix:')) return;
  const [, port] = /:(\d*)$/.exec(address.replace(/^\[.*?\]/, '')) ?? [];
  if (address.includes('/')) throw wrongAt(directive, `invalid host in upstream "${address}"`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) throw wrongAt(directive, `invalid port in upstream "${address}"`);
};

const errorLog: Check = (directive, scope) => {
  const [file, ...levels] = directive.args;
  if (scope.own('error_log').some(({ args }) => args[0] === file)) throw duplicate(directive);
  const wrong = levels.find((level) => !LEVELS.has(level) && !/^debug_/.test(level));
  if (wrong !== undefined) throw wrongAt(directive, `invalid log level "${wrong}"`);
};

const headers: Check = (directive) => {
  const [, , always] = directive.args;
  if (always !== undefined && always !== 'always') throw invalidParameter(directive, always);
};

const EXPIRES = /^(?:epoch|max|off|\$.*|modified|[-+@]?(?:\d+[yMwdhms]?)+)$/;

const proxyPass: Check = (directive, scope) => {
  const [url = ''] = directive.args;
  if (url.includes('$')) return;
  if (!/^https?:\/\//i.test(url)) throw wrongAt(directive, 'invalid URL prefix');
  const host = url.replace(/^\w+:\/\//, '').replace(/[/?].*$/, '');
  const [, port] = /:(\d*)$/.exec(host.replace(/^\[.*?\]/, '')) ?? [];
  if (host === '' || host.startsWith(':')) throw wrongAt(directive, `no host in upstream "${host}"`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) throw wrongAt(directive, `invalid port in upstream "${host}"`);
  const hasUri = /^\w+:\/\/[^/?]*[/?]/.test(url);
  if (hasUri && (scope.context !== 'l' || scope.takesNoUri))
    throw wrongAt(
      directive,
      '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, or inside "if" statement, or inside "limit_except" block',
    );
};

/** Those that look at their arguments beyond the kind. */
const CHECKS: Readonly<Record<string, Check>> = {
  add_header: headers,
  alias: root,
  allow: access,
  auth_request_set: nameCheck,
  deny: access,
  error_log: errorLog,
  error_page: errorPage,
  expires: unless((text) => EXPIRES.test(text), invalidValue),
  keepalive_timeout: unless(isTime, invalidValue),
  listen: (directive) => void parseListen(directive),
  location: (directive) => {
    const [modifier = '', ...more] = directive.args;
    if (more.length > 0 && !['=', '~', '~*', '^~'].includes(modifier)) throw wrongAt(directive, `invalid location modifier "${modifier}"`);
    const [, pattern] = more.length > 0 ? [modifier, more[0]] : (/^~\*?(.*)$/.exec(modifier) ?? []);
    if (modifier.startsWith('~') && pattern !== undefined) patternAt(pattern, directive);
  },
  if: (directive) => void parseCondition(directive),
  server_name: (directive) => {
    for (const name of directive.args) if (name.startsWith('~')) patternAt(name.slice(1), directive);
  },
  log_format: (directive, scope) => {
    const [name = ''] = directive.args;
    const isThere = scope.own('log_format').some(({ args }) => args[0] === name);
    if (isThere || name === 'combined') throw wrongAt(directive, `duplicate "log_format" name "${name}"`);
  },
  proxy_pass: (directive, scope) => {
    if (scope.context !== 'V' && scope.context !== 'H') proxyPass(directive, scope);
  },
  return: (directive, scope) => {
    if (scope.context !== 'V') returns(directive, scope);
  },
  rewrite,
  root,
  server: (directive, scope) => {
    if (scope.context === 'u' || scope.context === 'U') upstreamServer(directive, scope);
  },
  set: nameCheck,
  worker_processes: unless(
    (text) => text === 'auto' || /^\d+$/.test(text),
    () => 'invalid number',
  ),
};
