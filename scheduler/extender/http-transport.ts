import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { checkServerIdentity, trusting } from '../../runtime/index.ts';
import type { ExtenderConfiguration } from '../config/configuration.ts';

/** Answers longer than this are refused. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** POSTs JSON to a verb's URL, and reads the JSON that is answered. Rejects when that is not a 200. */
export type ExtenderTransport = (verb: string, url: string, body: object) => Promise<unknown>;

/** Plain HTTP or HTTPS, as the configuration says. */
export function httpTransport({ enableHTTPS, tls, httpTimeoutMs }: ExtenderConfiguration): ExtenderTransport {
  const { cert, key, ca, insecure, serverName } = tls;
  return (verb, url, body) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      const payload = JSON.stringify(body);
      const options = {
        method: 'POST',
        timeout: httpTimeoutMs,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
      };
      const secure = {
        ...options,
        cert,
        key,
        checkServerIdentity,
        ...trusting(ca),
        rejectUnauthorized: !insecure,
        ...(serverName === undefined ? {} : { servername: serverName }),
      };
      const sent = enableHTTPS || target.protocol === 'https:' ? requestHttps(target, secure) : requestHttp(target, options);
      sent.once('timeout', () => sent.destroy(new Error(`no answer from ${url} within ${httpTimeoutMs} ms`)));
      sent.once('error', reject);
      sent.once('response', (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) sent.destroy(new Error(`the answer of ${url} is too long`));
          else chunks.push(chunk);
        });
        answer.once('error', reject);
        answer.once('end', () => {
          if (answer.statusCode !== 200) reject(new Error(`failed ${verb} with extender at URL ${url}, code ${answer.statusCode}`));
          else resolve(parsed(url, Buffer.concat(chunks).toString(), reject));
        });
      });
      sent.end(payload);
    });
}

function parsed(url: string, text: string, reject: (error: Error) => void): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    reject(new Error(`the answer of ${url} is no JSON`, { cause: error }));
    return undefined;
  }
}
