import { describe, expect, it } from 'vitest';
import { type CertificateSigningRequest, certificatesKinds } from '../../../api/index.ts';
import { CERTIFICATE, REQUEST_OF_DEVS } from '../../testing/signing-requests.ts';
import { contextOf, StrategyHarness } from '../testing/harness.ts';
import { certificateSigningRequestStrategy } from './certificate-signing-request.ts';

const requests = new StrategyHarness(certificateSigningRequestStrategy, certificatesKinds.certificatesigningrequests);
const CREATED = '2023-12-31T23:59:30Z';
const NOW = '2024-01-01T00:00:00Z';
const LEGACY = 'kubernetes.io/legacy-unknown';
const spec = { request: REQUEST_OF_DEVS, signerName: 'example.com/signer', usages: ['client auth'] };

const stored = (own: object = {}): CertificateSigningRequest => requests.stored({ spec: { ...spec, ...own } });
const errorsOf = (own: object) => requests.create({ spec: { ...spec, ...own } }).errors;
const signerErrors = (signerName: string) => errorsOf({ signerName });
const approved = { type: 'Approved', status: 'True', reason: 'Ok' };
const decide = (request: CertificateSigningRequest, ...conditions: readonly object[]) =>
  requests.patch(request, { status: { conditions } }, 'approval');
const issue = (request: CertificateSigningRequest, status: object) => requests.patch(request, { status }, 'status');

it('says who made it, whatever it says itself, and is not decided', () => {
  const forged = { username: 'forged', uid: 'f', groups: ['forged'], extra: { a: ['b'] } };
  const { object } = requests.create({ spec: { ...spec, ...forged }, status: { conditions: [approved], certificate: CERTIFICATE } });
  expect(object.spec).toEqual({ ...spec, username: 'somebody' });
  expect(object.status).toEqual({});
});

it('says all there is to say of who made it', () => {
  const { context } = contextOf();
  const user = { name: 'u', uid: 'i', groups: ['g'], extra: { b: ['2'], a: ['1'] } };
  const request = stored();
  certificateSigningRequestStrategy.prepareForCreate({ ...context, user }, request);
  expect(request.spec).toMatchObject({ username: 'u', uid: 'i', groups: ['g'], extra: { a: ['1'], b: ['2'] } });
});

describe('a request that is refused', () => {
  it('is none', () => {
    const message = 'PEM block type must be CERTIFICATE REQUEST';
    expect(errorsOf({ request: undefined })).toEqual([`spec.request: Invalid value: null: ${message}`]);
    expect(errorsOf({ request: '' })).toEqual([`spec.request: Invalid value: "": ${message}`]);
    expect(errorsOf({ request: 'aGVsbG8=' })).toEqual([`spec.request: Invalid value: "aGVsbG8=": ${message}`]);
    expect(errorsOf({ request: CERTIFICATE })).toEqual([`spec.request: Invalid value: "${CERTIFICATE}": ${message}`]);
  });

  it('was not made with the key it is about', () => {
    const pem = Buffer.from(REQUEST_OF_DEVS, 'base64').toString();
    const request = Buffer.from(pem.replace('DWJvYg', 'DWJvYh').replace('A0cAMEQCIErr', 'A0cAMEQCIErs')).toString('base64');
    expect(errorsOf({ request })).toEqual([`spec.request: Invalid value: "${request}": x509: ECDSA verification failure`]);
  });

  it('is for nothing, or for what nobody knows, or too short', () => {
    expect(errorsOf({ usages: [] })).toEqual(['spec.usages: Required value']);
    expect(errorsOf({ usages: ['any', 'flying', 'any'], expirationSeconds: 599 })).toEqual([
      expect.stringContaining('spec.usages[1]: Unsupported value: "flying": supported values: "any", "cert sign", "client auth"'),
      'spec.usages[2]: Duplicate value: "any"',
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ]);
  });

  it('asks nobody in particular', () => {
    const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    expect(signerErrors('')).toEqual(['spec.signerName: Required value']);
    expect(signerErrors('nodomain')).toEqual([`spec.signerName: Invalid value: "nodomain": ${form}`]);
    expect(signerErrors('a.b/c/d')).toEqual([`spec.signerName: Invalid value: "a.b/c/d": ${form}`]);
    expect(signerErrors(LEGACY)).toEqual([
      `spec.signerName: Invalid value: "${LEGACY}": the legacy signerName is not allowed via this API version`,
    ]);
    expect(signerErrors('A/b_.c')).toEqual([
      expect.stringContaining('spec.signerName: Invalid value: "A": validating label "A": a lowercase RFC 1123 label'),
      'spec.signerName: Invalid value: "A": should be a domain with at least two segments separated by dots',
      expect.stringContaining('spec.signerName: Invalid value: "b_.c": validating label "b_": a lowercase RFC 1123 subdomain'),
    ]);
    const long = `${'a'.repeat(60)}.`.repeat(5);
    expect(signerErrors(`${long}b/${'c.'.repeat(200)}d`)).toEqual([
      'spec.signerName: Too long: may not be more than 253 bytes',
      'spec.signerName: Too long: may not be more than 571 bytes',
    ]);
  });
});

it('is not changed any more', () => {
  const { object, errors } = requests.patch(stored(), { spec: { usages: ['any'] }, status: { conditions: [approved] } });
  expect(errors).toEqual([]);
  expect([object.spec.usages, object.status.conditions]).toEqual([['client auth'], undefined]);
});

describe('/approval', () => {
  it('writes decisions only, with their times', () => {
    const change = { spec: { usages: ['any'] }, status: { certificate: CERTIFICATE, conditions: [approved] } };
    const { object, errors } = requests.patch(stored(), change, 'approval');
    expect(errors).toEqual([]);
    expect(object.spec.usages).toEqual(['client auth']);
    expect(object.status).toEqual({ conditions: [{ ...approved, lastUpdateTime: NOW, lastTransitionTime: NOW }] });
  });

  it('keeps the time of a decision that stays', () => {
    const request = decide(stored(), { ...approved, lastUpdateTime: CREATED, lastTransitionTime: CREATED }).object;
    const { conditions } = decide(request, approved).object.status;
    expect(conditions).toEqual([{ ...approved, lastUpdateTime: NOW, lastTransitionTime: CREATED }]);
  });

  it('does not take decisions back, nor makes both', () => {
    const request = decide(stored(), approved).object;
    expect(decide(request).errors).toEqual(['status.conditions: Forbidden: updates may not remove a condition of type "Approved"']);
    expect(decide(request, approved, { type: 'Denied', status: 'True' }).errors).toEqual([
      'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ]);
  });

  it('checks conditions', () => {
    const conditions = [
      { type: '', status: '' },
      { type: 'Failed', status: 'False' },
      { type: 'Own', status: 'Maybe' },
      { type: 'Own', status: 'Unknown' },
    ];
    expect(decide(stored(), ...conditions).errors).toEqual([
      'status.conditions[0].type: Required value',
      'status.conditions[0].status: Required value',
      'status.conditions[1].status: Unsupported value: "False": supported values: "True"',
      'status.conditions[2].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
      'status.conditions[3].type: Duplicate value: "Own"',
    ]);
  });
});

describe('/status', () => {
  it('writes the certificate, and conditions that are no decisions', () => {
    const request = decide(stored(), approved).object;
    const failed = { type: 'Failed', status: 'True' };
    const conditions = [{ ...approved, reason: 'Other' }, failed];
    const { object, errors } = issue(request, { certificate: CERTIFICATE, conditions });
    expect(errors).toEqual([]);
    expect(object.status.certificate).toBe(CERTIFICATE);
    expect(object.status.conditions).toEqual([request.status.conditions?.[0], { ...failed, lastUpdateTime: NOW, lastTransitionTime: NOW }]);
    expect(issue(object, { certificate: `${CERTIFICATE.slice(0, -4)}AAAA` }).errors.at(-1)).toBe(
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    );
  });

  it('does not decide', () => {
    expect(issue(stored(), { conditions: [approved] }).errors).toEqual([
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ]);
  });

  it('takes certificates only', () => {
    expect(issue(stored(), { certificate: 'bm9wZQ==' }).errors).toEqual([
      'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    ]);
  });
});

it('lets an object from older times be what it is', () => {
  const old = stored();
  Object.assign(old.spec, { signerName: LEGACY, usages: ['flying', 'flying'] });
  const denied = { ...approved, type: 'Denied' };
  old.status = { certificate: 'bm9wZQ==', conditions: [approved, denied, { type: '', status: 'True' }, { type: '', status: 'True' }] };
  expect(requests.patch(old, { metadata: { labels: { a: 'b' } } }).errors).toEqual([]);
});

it('shows in tables who asks whom, for how long, and what became of it', () => {
  const request = stored({ expirationSeconds: 86_400 });
  request.metadata.creationTimestamp = CREATED;
  expect(requests.row(request)).toEqual(['x', '30s', 'example.com/signer', 'somebody', '24h', 'Pending']);
  const condition = (...types: readonly string[]): unknown => {
    request.status.conditions = types.map((type) => ({ type, status: 'True' }));
    return requests.row(request).at(-1);
  };
  expect(condition('Approved', 'Denied', 'Failed')).toBe('Denied,Failed');
  request.status.certificate = CERTIFICATE;
  request.spec.expirationSeconds = undefined;
  expect(condition('Approved')).toBe('Approved,Issued');
  expect(requests.row(request)[4]).toBe('<none>');
});
