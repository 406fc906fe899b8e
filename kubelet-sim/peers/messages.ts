import { z } from 'zod';

/** Bytes of a question or an answer, all of which is kept in memory. */
export const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;

const texts = z.record(z.string(), z.string());
const from = z.object({ ip: z.string(), namespace: z.string(), labels: texts.optional(), namespaceLabels: texts });
const target = z.object({ address: z.string(), port: z.int().min(0).max(65_535), protocol: z.enum(['TCP', 'UDP', 'SCTP']) });
const request = z.object({
  method: z.string(),
  path: z.string(),
  headers: texts,
  body: z.string().optional(),
  tls: z.boolean().optional(),
  from: z.string(),
  host: z.string(),
});

/** What one process asks another. Texts that are bytes are in base64. */
const question = z.discriminatedUnion('op', [
  z.object({ op: z.literal('connect'), from, target }),
  z.object({ op: z.literal('http'), from, target, request }),
  z.object({ op: z.literal('datagram'), from, target, payload: z.string() }),
  z.object({ op: z.literal('ping'), address: z.string() }),
  z.object({ op: z.literal('stream'), from, target }),
]);
export type Question = z.infer<typeof question>;

const response = z.object({ status: z.number(), headers: texts, body: z.string() });
/** What is answered; an empty one for a connection that came about, or a datagram to which nothing came back. */
const answer = z.object({
  failure: z.enum(['refused', 'timeout', 'unreachable']).optional(),
  /** The server spoke no HTTP. */
  bad: z.string().optional(),
  response: response.optional(),
  payload: z.string().optional(),
  alive: z.boolean().optional(),
});
export type Answer = z.infer<typeof answer>;

/** @throws an error that says what is wrong with it */
export const parseQuestion = (text: string): Question => question.parse(JSON.parse(text));
/** @throws an error that says what is wrong with it */
export const parseAnswer = (text: string): Answer => answer.parse(JSON.parse(text));

/** A byte string, as messages hold it. */
export const pack = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');
export const unpack = (text: string): string => Buffer.from(text, 'base64').toString('latin1');
