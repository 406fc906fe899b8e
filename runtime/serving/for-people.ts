/** Clients behind which people sit. */
const PEOPLE = /^(?:curl|Wget|Mozilla\/5\.0)/;
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Whether an answer is to be laid out for people to read. Upstream: `isPrettyPrint`, apiserver, pkg/endpoints/handlers/negotiation/negotiate.go.
 *
 * @param asked the value of `pretty` in the query; empty when it is not there
 */
export const isForPeople = (asked: string, userAgent: string | undefined): boolean =>
  asked === '' ? PEOPLE.test(userAgent ?? '') : TRUE.has(asked);

/** What was asked for, so that a browser that takes the answer for a page finds no script in it (apiserver, `responsewriters/errors.go`). */
export const forPages = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char] ?? char);
