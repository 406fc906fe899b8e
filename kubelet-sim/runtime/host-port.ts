/** A host as it stands in URLs and before ports: an IPv6 address in brackets. */
export const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

/** `HOST:PORT` (Go's `net.JoinHostPort`). */
export const hostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`;
