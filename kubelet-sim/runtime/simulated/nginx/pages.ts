const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Time-out',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage',
};

/** What the status line calls a status; `''` where nginx has no words. */
export const reasonOf = (status: number): string => REASONS[status] ?? '';

/** Statuses that say more in their page than in their status line. */
const MORE: Readonly<Record<number, readonly [title: string, text: string]>> = {
  494: ['400 Request Header Or Cookie Too Large', 'Request Header Or Cookie Too Large'],
  497: ['400 The plain HTTP request was sent to HTTPS port', 'The plain HTTP request was sent to HTTPS port'],
};

/** Pages whose titles are others than their status lines. */
const TITLES: Readonly<Record<number, string>> = { 302: '302 Found', 401: '401 Authorization Required' };
const HAS_NO_PAGE: ReadonlySet<number> = new Set([200, 201, 202, 204, 206, 304, 407]);

/** The page that nginx makes of a status (`ngx_http_special_response.c`); `''` when it has none. @param signature `nginx/1.29.1` */
export function errorPage(status: number, signature: string): string {
  const more = MORE[status];
  const reason = REASONS[status];
  if (!more && (reason === undefined || status < 300 || HAS_NO_PAGE.has(status))) return '';
  const title = more?.[0] ?? TITLES[status] ?? `${status} ${reason}`;
  const heading = more ? '400 Bad Request' : title;
  const text = more ? `<center>${more[1]}</center>\r\n` : '';
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${heading}</h1></center>\r\n${text}<hr><center>${signature}</center>\r\n</body>\r\n</html>\r\n`;
}
