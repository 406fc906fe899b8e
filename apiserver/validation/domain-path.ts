import { fieldError, isDns1123Subdomain, patternError } from '../../api/index.ts';
import type { Errors } from './field-errors.ts';

const PATTERN = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const PATH = new RegExp(`^${PATTERN}$`);

/** A word with a domain before it, such as `example.com/queue`. Upstream: apimachinery `IsDomainPrefixedPath`. */
export function checkDomainPrefixedPath(errors: Errors, path: string, value: string): void {
  if (value === '') {
    errors.push(fieldError.required(path));
    return;
  }
  const slash = value.indexOf('/');
  const domain = slash < 0 ? '' : value.slice(0, slash);
  const rest = slash < 0 ? '' : value.slice(slash + 1);
  if (domain === '' || rest === '') {
    errors.push(fieldError.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  for (const why of isDns1123Subdomain(domain)) errors.push(fieldError.invalid(path, domain, why));
  if (!PATH.test(rest)) errors.push(fieldError.invalid(path, rest, patternError('Invalid path', PATTERN)));
}
