// What becomes of requests when admission webhooks refuse, fail, or answer what is no answer.
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testAuthority } from '../support/authority.ts';
import { startWebhookCluster, type WebhookCluster } from '../support/webhook-cluster.ts';
import { type ReviewedRequest, reviewOf, sendReview, startWebhookServer, type WebhookResponse } from '../support/webhook-server.ts';

const ALLOWED: WebhookResponse = { allowed: true };
const NAME = 'hook-0.example.com';

let cluster: WebhookCluster;

beforeAll(async () => {
  cluster = await startWebhookCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const text =
  (body: string, type = 'application/json', status = 200) =>
  (_: ReviewedRequest, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };

const answered = (change: (review: ReturnType<typeof reviewOf>) => unknown) => (request: ReviewedRequest, response: ServerResponse) =>
  sendReview(response, change(reviewOf(request, ALLOWED)));

const withPatch = (patch: unknown, more: object = { patchType: 'JSONPatch' }) =>
  answered((review) => {
    const encoded = Buffer.from(typeof patch === 'string' ? patch : JSON.stringify(patch)).toString('base64');
    return { ...review, response: { ...review.response, patch: encoded, ...more } };
  });

describe('a webhook that refuses', () => {
  it.each<[string, WebhookResponse, object]>([
    ['says nothing', { allowed: false }, { code: 400, message: 'without explanation' }],
    ['says why', { allowed: false, status: { message: 'no' } }, { code: 400, message: ': no' }],
    ['gives a reason', { allowed: false, status: { reason: 'Forbidden' } }, { code: 400, reason: 'Forbidden', message: ': Forbidden' }],
    ['gives a code', { allowed: false, status: { code: 418, message: 'tea' } }, { code: 418, message: ': tea' }],
    [
      'gives a code that is no refusal',
      { allowed: false, status: { code: 200, status: 'Success' } },
      { code: 400, message: 'without explanation' },
    ],
    ['gives a code beyond all', { allowed: false, status: { code: 4000 } }, { code: 999, message: 'without explanation' }],
    [
      'gives details',
      {
        allowed: false,
        status: { code: 422, reason: 'Invalid', message: 'no', details: { causes: [{ field: 'data.x', message: 'odd' }] } },
      },
      { code: 422, reason: 'Invalid', details: { causes: [{ field: 'data.x', message: 'odd' }] }, message: ': no' },
    ],
  ])('and %s', async (what, response, expected) => {
    const name = `refuses-${what.replaceAll(' ', '-')}`;
    cluster.hooks.serve(`/${name}/0`, () => response);
    await cluster.validating(name, {});
    const { status, body } = await cluster.configMap(name, 'a');
    const { message, ...more } = expected as { code: number; message: string };
    expect(status).toBe(more.code);
    expect(body).toMatchObject({ kind: 'Status', status: 'Failure', ...more });
    expect(body.message).toBe(`admission webhook "${NAME}" denied the request${message.startsWith(':') ? message : ` ${message}`}`);
  });

  it('is told of a webhook that changes objects as well, and of the first that said so', async () => {
    cluster.hooks.serve('/both/0', () => ({ allowed: false, status: { message: 'not this' } }));
    await cluster.mutating('both', {}, {});
    expect((await cluster.configMap('both', 'a')).body.message).toBe(`admission webhook "${NAME}" denied the request: not this`);
  });
});

describe('a webhook that cannot be asked', () => {
  const failed = (why: string) => `Internal error occurred: failed calling webhook "${NAME}": ${why}`;
  const cannot = (why: string) => failed(`failed to call webhook: ${why}`);
  const invalid = (why: string) => failed(`received invalid webhook response: ${why}`);

  it.each<[string, (request: ReviewedRequest, response: ServerResponse) => void, string | RegExp]>([
    ['answers garbage', text('{"kind'), cannot("couldn't get version/kind; json parse error: unexpected end of JSON input")],
    ['answers nothing', text(''), cannot('0-length response with status code: 200 and content type: application/json')],
    [
      'answers a list',
      text('[]'),
      /couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value of type struct/,
    ],
    [
      'answers something else',
      text('{"kind":"Pod","apiVersion":"v1"}'),
      cannot('no kind "Pod" is registered for version "v1" in scheme "k8s.io/apiserver/pkg/util/webhook/client.go:71"'),
    ],
    [
      'answers with the wrong types',
      answered((review) => ({ ...review, response: { ...review.response, allowed: 'yes' } })),
      cannot('json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool'),
    ],
    ['does not answer the question', answered(({ kind, apiVersion }) => ({ kind, apiVersion })), invalid('webhook response was absent')],
    [
      'answers another question',
      answered((review) => ({ ...review, response: { ...review.response, uid: 'another' } })),
      /received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "another"$/,
    ],
    [
      'does not say what it answers',
      answered(({ response }) => ({ response })),
      invalid('expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind='),
    ],
    ['wants to change what it may only look at', withPatch([{}]), invalid('validating webhook may not return response.patch')],
    ['is not there', text('', 'text/plain', 404), cannot('the server could not find the requested resource')],
    ['breaks', text('oh no\n', 'text/plain', 500), cannot('an error on the server ("oh no") has prevented the request from succeeding')],
    [
      'breaks without a word',
      text('{}', 'application/json', 502),
      cannot('an error on the server ("unknown") has prevented the request from succeeding'),
    ],
    ['is busy', text('', 'text/plain', 503), cannot('the server is currently unable to handle the request')],
    [
      'answers a Status',
      text('{"kind":"Status","apiVersion":"v1","status":"Failure","message":"go away","code":403}', 'application/json', 403),
      cannot('go away'),
    ],
    [
      'hangs up',
      (_, response) => void response.destroy(),
      /failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/fails-\d+\/0\?timeout=10s": EOF$/,
    ],
  ])('because it %s', async (what, webhook, message) => {
    const name = `fails-${failures++}`;
    cluster.hooks.serveRaw(`/${name}/0`, webhook);
    await cluster.validating(name, {});
    const { status, body } = await cluster.configMap(name, 'a');
    expect(status, what).toBe(500);
    expect(body.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(body.reason).toBe('InternalError');
    expect(body.details.causes).toEqual([{ message: body.message.replace('Internal error occurred: ', '') }]);
    const path = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;
    const patch = [{ op: 'add', path: '/webhooks/0/failurePolicy', value: 'Ignore' }];
    await cluster.api.call('PATCH', path, patch, { 'content-type': 'application/json-patch+json' });
    expect((await cluster.configMap(name, 'a')).status).toBe(201);
    expect(cluster.annotations(`/api/v1/namespaces/${name}/configmaps`)).toMatchObject({
      'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': NAME,
    });
  });
  let failures = 0;

  it('because nobody is there', async () => {
    const gone = await startWebhookServer();
    await gone[Symbol.asyncDispose]();
    await cluster.validating('nobody', { clientConfig: { url: `${gone.url}/x`, caBundle: gone.caBundle } });
    const why = `Post "${gone.url}/x?timeout=10s": dial tcp 127.0.0.1:${gone.port}: connect: connection refused`;
    expect((await cluster.configMap('nobody', 'a')).body.message).toBe(cannot(why));
  });

  it('because nobody vouches for it, or for somebody else', async () => {
    await using other = await startWebhookServer({ hosts: ['hooks.example.com'] });
    const strange = Buffer.from(testAuthority('a stranger').ca).toString('base64');
    const url = `${cluster.hooks.url}/strange/0`;
    await cluster.validating('strange', { clientConfig: { url, caBundle: strange } });
    const unknown = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    expect((await cluster.configMap('strange', 'a')).body.message).toBe(cannot(`Post "${url}?timeout=10s": ${unknown}`));
    await cluster.validating('misnamed', { clientConfig: { url: `${other.url}/x`, caBundle: other.caBundle } });
    const why = "x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs";
    expect((await cluster.configMap('misnamed', 'a')).body.message).toContain(why);
    await cluster.validating('broken', { clientConfig: { url, caBundle: Buffer.from('nonsense').toString('base64') } });
    expect((await cluster.configMap('broken', 'a')).body.message).toBe(
      failed('could not get REST client: unable to load root certificates: unable to parse bytes as PEM block'),
    );
  });

  it('because it takes too long: its own time, or what is left of the request', async () => {
    const waiting: ServerResponse[] = [];
    cluster.hooks.serveRaw('/slow/0', (_, response) => void waiting.push(response));
    await cluster.validating('slow', { timeoutSeconds: 1 });
    const { status, body, tookMs } = await cluster.configMap('slow', 'a');
    expect([status, body.message]).toEqual([500, cannot(`Post "${cluster.hooks.url}/slow/0?timeout=1s": context deadline exceeded`)]);
    expect(tookMs).toBeGreaterThan(990);
    cluster.hooks.serveRaw('/slower/0', (_, response) => void waiting.push(response));
    await cluster.validating('slower', { timeoutSeconds: 30 });
    const sooner = await cluster.configMap('slower', 'a', {}, '?timeout=2s');
    // The whole request is late then: it is given up as any other, whatever the webhook's failure policy.
    const late = 'Timeout: request did not complete within the allotted timeout';
    expect(sooner.text).toBe(`{"metadata":{},"status":"Failure","message":"${late}","reason":"Timeout","details":{},"code":504}\n`);
    // What was left of the two seconds, in whole ones.
    expect(cluster.hooks.paths.at(-1)).toMatch(/^\/slower\/0\?timeout=[12]s$/);
    cluster.hooks.serveRaw('/ignored/0', (_, response) => void waiting.push(response));
    await cluster.validating('ignored', { timeoutSeconds: 30, failurePolicy: 'Ignore' });
    expect((await cluster.configMap('ignored', 'a', {}, '?timeout=1s')).text).toBe(sooner.text);
    cluster.hooks.serveRaw('/skipped/0', (_, response) => void waiting.push(response));
    await cluster.mutating('skipped', { timeoutSeconds: 30, failurePolicy: 'Ignore' }, { timeoutSeconds: 30, failurePolicy: 'Ignore' });
    expect((await cluster.configMap('skipped', 'a', {}, '?timeout=3s')).text).toBe(sooner.text);
    const asked = cluster.hooks.paths.filter((path) => path.startsWith('/skipped/'));
    expect(asked).toEqual([expect.stringMatching(/^\/skipped\/0\?timeout=[123]s$/)]);
    for (const response of waiting) response.destroy();
  });

  it('not even with an answer of many megabytes', async () => {
    const megabyte = 'x'.repeat(2 ** 20);
    cluster.hooks.serveRaw('/huge/0', async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      // Ends early when nobody reads on.
      await pipeline(Readable.from(Array.from({ length: 200 }, () => megabyte)), response).catch(() => undefined);
    });
    await cluster.validating('huge', {});
    expect((await cluster.configMap('huge', 'a')).body.message).toContain('http: response body too large');
    expect((await cluster.api.call('GET', '/readyz')).status).toBe(200);
  });

  it('is not asked for a service that leads nowhere, and is for one that leads to it', async () => {
    await using service = await startWebhookServer({ hosts: ['hooks.served.svc'] });
    service.serve('/path', () => ({ allowed: false, status: { message: 'served' } }));
    const clientConfig = {
      service: { namespace: 'served', name: 'hooks', path: '/path', port: service.port },
      caBundle: service.caBundle,
    };
    await cluster.validating('served', { clientConfig });
    const url = `https://hooks.served.svc:${service.port}/path?timeout=10s`;
    expect((await cluster.configMap('served', 'a')).body.message).toBe(cannot(`Post "${url}": service "hooks" not found`));
    await cluster.make('/api/v1/namespaces/served/services', {
      metadata: { name: 'hooks' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    expect((await cluster.configMap('served', 'a')).body.message).toBe(`admission webhook "${NAME}" denied the request: served`);
  });
});

describe('a patch that cannot be applied', () => {
  it.each<[string, unknown, string]>([
    [
      'is none',
      '{"op":"add"}',
      `failed calling webhook "${NAME}": received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch`,
    ],
    [
      'leads nowhere',
      [{ op: 'remove', path: '/data/none/x' }],
      'remove operation does not apply: doc is missing path: "/data/none/x": missing value',
    ],
    [
      'makes of the object what it cannot be',
      [{ op: 'add', path: '/data', value: { x: 1 } }],
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      'makes of the object another',
      [{ op: 'replace', path: '/kind', value: 'Nothing' }],
      'no kind "Nothing" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
  ])('because it %s', async (what, patch, why) => {
    const name = `patch-${what.replaceAll(' ', '-')}`;
    cluster.hooks.serveRaw(`/${name}/0`, withPatch(patch));
    await cluster.mutating(name, {});
    const { status, body } = await cluster.configMap(name, 'a');
    expect([status, body.message]).toEqual([500, `Internal error occurred: ${why}`]);
  });

  it('because it is of no kind, or of one that is not known', async () => {
    cluster.hooks.serveRaw('/kindless/0', withPatch([{}], {}));
    await cluster.mutating('kindless', {});
    const invalid = `Internal error occurred: failed calling webhook "${NAME}": received invalid webhook response: `;
    const { body } = await cluster.configMap('kindless', 'a');
    expect(body.message).toBe(`${invalid}webhook returned response.patch but not response.patchType`);
    cluster.hooks.serveRaw('/odd/0', withPatch([{ op: 'test', path: '/kind', value: 'ConfigMap' }], { patchType: 'Diff' }));
    await cluster.mutating('odd', {});
    expect((await cluster.configMap('odd', 'a')).body.message).toBe(
      `Internal error occurred: failed calling webhook "${NAME}": unsupported patch type "Diff"`,
    );
  });

  it('because there is nothing to be changed', async () => {
    cluster.hooks.serve('/going/0', ({ operation }) =>
      operation === 'DELETE' ? { allowed: true, patch: [{ op: 'add', path: '/x', value: 1 }] } : ALLOWED,
    );
    await cluster.mutating('going', {});
    await cluster.configMap('going', 'a');
    const { body } = await cluster.api.call('DELETE', '/api/v1/namespaces/going/configmaps/a');
    const why = `admission webhook "${NAME}" attempted to modify the object, which is not supported for this operation`;
    expect(body.message).toBe(`Internal error occurred: ${why}`);
  });

  it('leaves names, owners and managed fields in order', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    cluster.hooks.serve('/order/0', () => ({
      allowed: true,
      patch: [
        { op: 'add', path: '/metadata/ownerReferences', value: [owner, owner] },
        { op: 'add', path: '/metadata/managedFields', value: [{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'Odd' }] },
        { op: 'add', path: '/metadata/uid', value: 'mine' },
      ],
    }));
    await cluster.mutating('order', {});
    const { status, body, headers } = await cluster.configMap('order', 'a', { data: { x: '1' } });
    expect(status).toBe(201);
    expect(body.metadata.ownerReferences).toEqual([owner]);
    expect(body.metadata.uid).not.toBe('mine');
    expect(body.metadata.managedFields[0]).toMatchObject({ operation: 'Update', fieldsV1: { 'f:data': { 'f:x': {} } } });
    expect(headers.warning).toContain('.metadata.managedFields was in an invalid state after admission');
    expect(headers.warning).toContain('invalid fieldsType \\"Odd\\" in managed fields entry 0');
    expect(headers.warning).toContain('contains duplicate entries after mutating admission happens');
  });
});

describe('webhooks may say more than yes or no', () => {
  it('to the client and to the audit log', async () => {
    const auditAnnotations = { checked: 'yes', 'no/good': 'x' };
    cluster.hooks.serve('/chatty/0', () => ({ allowed: true, warnings: ['careful', 'very "careful"'], auditAnnotations }));
    await cluster.validating('chatty', {});
    const { headers } = await cluster.configMap('chatty', 'a');
    expect(headers.warning).toBe('299 - "careful", 299 - "very \\"careful\\""');
    const annotations = cluster.annotations('/api/v1/namespaces/chatty/configmaps');
    expect(annotations[`${NAME}/checked`]).toBe('yes');
    expect(annotations).not.toHaveProperty(`${NAME}/no/good`);
  });

  it('in the words of v1beta1, in which nobody says what is answered', async () => {
    cluster.hooks.serveRaw('/beta/0', (request, response) => {
      const review = reviewOf(
        { uid: '' },
        { allowed: true, patch: [{ op: 'add', path: '/data', value: { by: request.operation } }] },
        'v1beta1',
      );
      sendReview(response, { response: review.response });
    });
    await cluster.mutating('beta', { admissionReviewVersions: ['v2', 'v1beta1', 'v1'] });
    expect((await cluster.configMap('beta', 'a')).body.data).toEqual({ by: 'CREATE' });
  });

  it('and are counted', async () => {
    const metrics = (await cluster.api.call('GET', '/metrics')).text;
    const call = `name="${NAME}",type="validating",operation="CREATE"`;
    expect(metrics).toMatch(new RegExp(`apiserver_admission_webhook_admission_duration_seconds_count{${call},rejected="true"} \\d+`));
    expect(metrics).toMatch(
      new RegExp(`apiserver_admission_webhook_rejection_count{${call},error_type="no_error",rejection_code="418"} 1\n`),
    );
    expect(metrics).toMatch(
      new RegExp(`apiserver_admission_webhook_rejection_count{${call},error_type="calling_webhook_error",rejection_code="503"} \\d+`),
    );
    expect(metrics).toMatch(new RegExp(`apiserver_admission_webhook_request_total{${call},code="200",rejected="false"} \\d+`));
    expect(metrics).toMatch(new RegExp(`apiserver_admission_webhook_fail_open_count{name="${NAME}",type="validating"} \\d+`));
    expect(metrics).toMatch(
      /apiserver_admission_step_admission_duration_seconds_count{type="admit",operation="CREATE",rejected="false"} \d+/,
    );
    expect(metrics).toMatch(
      /apiserver_admission_controller_admission_duration_seconds_count{name="ValidatingAdmissionWebhook",type="validate",operation="CREATE",rejected="true"} \d+/,
    );
  });
});
