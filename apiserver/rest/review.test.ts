import { expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { startTestServer } from '../testing/test-server.ts';

const REVIEW = { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, status: { userInfo: { username: 'a' } } };
const none = { respond: () => undefined };

it('a review is answered as its metadata to who asks for that, and whole to others', async () => {
  await using server = await startTestServer({
    strategies: {},
    kinds: BUILT_IN_KINDS,
    serves: ['authentication.k8s.io/selfsubjectreviews'],
    documents: () => ({
      discovery: none,
      openapi: none,
      reviews: new Map([['authentication.k8s.io/selfsubjectreviews', () => Promise.resolve(REVIEW)]]),
    }),
  });
  const body = { kind: REVIEW.kind, apiVersion: REVIEW.apiVersion };
  const ask = (accept: string) =>
    server.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body, headers: { accept } });
  const partial = await ask('application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
  expect([partial.status, partial.text]).toEqual([201, '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{}}\n']);
  expect((await ask('application/json')).json()).toMatchObject(REVIEW);
  expect((await ask('application/json;as=Table;g=meta.k8s.io;v=v1')).status).toBe(406);
});
