import { type FieldError, fieldError, isDns1123Label, isDns1123Subdomain } from '../../api/index.ts';

/** What is wrong with the full name of a domain. Upstream: `IsFullyQualifiedDomainName`. */
export function domainNameErrors(path: string, address: string): FieldError[] {
  if (address === '') return [fieldError.required(path)];
  const name = address.endsWith('.') ? address.slice(0, -1) : address;
  const wrong = isDns1123Subdomain(name);
  if (wrong.length > 0) return [fieldError.invalid(path, name, wrong.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [fieldError.invalid(path, name, 'should be a domain with at least two segments separated by dots')];
  const bad = labels.find((label) => isDns1123Label(label).length > 0);
  return bad === undefined ? [] : [fieldError.invalid(path, bad, isDns1123Label(bad).join(','))];
}
