import { fieldError, goQuote, isDns1123Label, isDns1123Subdomain } from '../../api/index.ts';
import { type Errors, pushInvalid } from './field-errors.ts';

const DOMAIN_LENGTH_MAX = 253;
/** A namespace's name, a dot and an object's. */
const PATH_LENGTH_MAX = 63 + 1 + 253;
const SIGNER_NAME_LENGTH_MAX = DOMAIN_LENGTH_MAX + 1 + PATH_LENGTH_MAX;

/** The name of a signer: a domain and a path in it, such as `example.com/signer`. Upstream: `ValidateSignerName`. */
export function checkSignerName(errors: Errors, path: string, name: string): void {
  if (name === '') {
    errors.push(fieldError.required(path));
    return;
  }
  const [domain = '', rest, ...more] = name.split('/');
  if (rest === undefined || more.length > 0) {
    const message = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.push(fieldError.invalid(path, name, message));
    return;
  }
  if (domain.length > DOMAIN_LENGTH_MAX) errors.push(fieldError.tooLong(path, DOMAIN_LENGTH_MAX));
  const labels = domain.split('.');
  checkLabels(errors, path, { of: domain, labels, rule: isDns1123Label });
  if (labels.length < 2) errors.push(fieldError.invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  checkLabels(errors, path, { of: rest, labels: rest.split('.'), rule: isDns1123Subdomain });
  if (name.length > SIGNER_NAME_LENGTH_MAX) errors.push(fieldError.tooLong(path, SIGNER_NAME_LENGTH_MAX));
}

interface Labels {
  readonly of: string;
  readonly labels: readonly string[];
  rule(label: string): string[];
}

/** Only the first bad label is told of: the messages of others would read the same. */
function checkLabels(errors: Errors, path: string, { of, labels, rule }: Labels): void {
  const bad = labels.find((label) => rule(label).length > 0);
  if (bad === undefined) return;
  const messages = rule(bad).map((message) => `validating label ${goQuote(bad)}: ${message}`);
  pushInvalid(errors, path, of, messages);
}
