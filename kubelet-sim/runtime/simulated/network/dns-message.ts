import { z } from 'zod';
import type { DnsRecord, RecordType } from './names.ts';

/** What a server of names is asked. */
export interface DnsQuestion {
  /** Without the dot at its end. */
  readonly name: string;
  readonly type: RecordType;
}

// There are no packets: what goes in the datagrams to and from a server of names is JSON, which both ends are ours to read.
const TYPE = z.enum(['A', 'AAAA', 'CNAME', 'SRV', 'PTR']);
const QUESTION = z.object({ name: z.string(), type: TYPE });
const ANSWER = z.array(z.object({ name: z.string(), type: TYPE, data: z.string() }));

/** A question as a datagram. */
export const writeQuestion = (question: DnsQuestion): string => JSON.stringify(question);

/** An answer as a datagram. */
export const writeAnswer = (records: readonly DnsRecord[]): string => JSON.stringify(records);

/** Undefined for a datagram that is no question. */
export const readQuestion = (payload: string): DnsQuestion | undefined => read(QUESTION, payload);

/** Undefined for a datagram that is no answer. */
export const readAnswer = (payload: string): readonly DnsRecord[] | undefined => read(ANSWER, payload);

function read<T>(schema: z.ZodType<T>, payload: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined; // what anybody sends to the port of a server may be anything
  }
}
